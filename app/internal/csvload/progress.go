package csvload

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Progress tells a person, or a log, how far a load has come: a bar that is redrawn on a terminal, a line now and then
// elsewhere. It is not for several goroutines.
type Progress struct {
	out      io.Writer
	name     string
	terminal bool
	every    time.Duration
	now      func() time.Time

	start, last time.Time
	drawn       int // characters of the bar that stands on the terminal
}

// Counts are what a load has done so far.
type Counts struct {
	Done, Total int64 // bytes; a total of 0 is unknown
	Rows        int64 // read
	Written     int64 // taken over, or there already
	Bad         int64 // reported and left out
}

// NewProgress reports about name on out, usually os.Stderr.
func NewProgress(out io.Writer, name string) *Progress {
	p := &Progress{out: out, name: name, every: 5 * time.Second, now: time.Now}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal, p.every = true, 100*time.Millisecond
	}
	p.start = p.now()
	p.last = p.start
	return p
}

// Update may be called for every row; it writes when it is time.
func (p *Progress) Update(c Counts) {
	if now := p.now(); now.Sub(p.last) >= p.every {
		p.last = now
		p.write(c, false)
	}
}

// Note writes a line, such as a bad row, without tearing the bar.
func (p *Progress) Note(line string) {
	p.clear()
	fmt.Fprintln(p.out, line)
}

// Finish writes the last line.
func (p *Progress) Finish(c Counts) {
	p.last = p.now()
	p.write(c, true)
}

func (p *Progress) write(c Counts, final bool) {
	seconds := p.last.Sub(p.start).Seconds()
	text := fmt.Sprintf("%s: %d rows, %d good, %d bad", p.name, c.Rows, c.Written, c.Bad)
	if seconds >= 1 {
		text += fmt.Sprintf(", %d rows/s", int64(float64(c.Rows)/seconds))
	}
	percent := int64(-1)
	if c.Total > 0 {
		percent = min(100, c.Done*100/c.Total)
	}
	switch {
	case final:
		p.clear()
		fmt.Fprintf(p.out, "%s in %.1f s\n", text, seconds)
	case p.terminal:
		p.clear()
		if percent >= 0 {
			const width = 24
			full := int(percent * width / 100)
			text = fmt.Sprintf("[%s%s] %3d%% %s", strings.Repeat("#", full), strings.Repeat(".", width-full), percent, text)
		}
		fmt.Fprint(p.out, text)
		p.drawn = len(text)
	case percent >= 0:
		fmt.Fprintf(p.out, "%s (%d%%)\n", text, percent)
	default:
		fmt.Fprintln(p.out, text)
	}
}

func (p *Progress) clear() {
	if p.drawn > 0 {
		fmt.Fprint(p.out, "\r"+strings.Repeat(" ", p.drawn)+"\r")
		p.drawn = 0
	}
}
