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

// Of tells how many of the things named are done; it writes when it is time. A total of 0 is unknown.
func (p *Progress) Of(done, total int64) {
	if now := p.now(); now.Sub(p.last) >= p.every {
		p.last = now
		p.of(done, total, false)
	}
}

// FinishOf writes the last line of Of.
func (p *Progress) FinishOf(done, total int64) {
	p.last = p.now()
	p.of(done, total, true)
}

func (p *Progress) of(done, total int64, final bool) {
	text := fmt.Sprintf("%s: %d", p.name, done)
	if total > 0 {
		text += fmt.Sprintf(" of %d", total)
	}
	p.show(text, p.name, done, done, total, final)
}

func (p *Progress) write(c Counts, final bool) {
	p.show(fmt.Sprintf("%s: %d rows, %d good, %d bad", p.name, c.Rows, c.Written, c.Bad), "rows", c.Rows, c.Done, c.Total, final)
}

// show writes a text, the rate of count, and the share of the total that is done.
func (p *Progress) show(text, unit string, count, done, total int64, final bool) {
	seconds := p.last.Sub(p.start).Seconds()
	if seconds >= 1 {
		text += fmt.Sprintf(", %d %s/s", int64(float64(count)/seconds), unit)
	}
	percent := int64(-1)
	if total > 0 {
		percent = min(100, done*100/total)
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
