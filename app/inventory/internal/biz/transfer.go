package biz

import (
	"slices"
	"strconv"
)

// TransferState says where the goods of a transfer are.
type TransferState int8

// The states. The last three are final.
const (
	TransferDraft     TransferState = 1 // planned by the side that sends
	TransferRequested TransferState = 2 // asked for by the side that receives
	TransferSent      TransferState = 3
	TransferReceiving TransferState = 4
	TransferReceived  TransferState = 5
	TransferCancelled TransferState = 6
	TransferReturned  TransferState = 7
)

// TransferSteps is the state machine: what is not here cannot happen.
var TransferSteps = map[TransferState][]TransferState{
	TransferDraft:     {TransferSent, TransferCancelled},
	TransferRequested: {TransferSent, TransferCancelled},
	TransferSent:      {TransferReceiving, TransferReceived, TransferReturned},
	TransferReceiving: {TransferReceiving, TransferReceived, TransferReturned},
}

// String names the state as the API does.
func (s TransferState) String() string {
	names := []string{"UNKNOWN", "TRANSFER_DRAFT", "TRANSFER_REQUESTED", "TRANSFER_SENT", "TRANSFER_RECEIVING", "TRANSFER_RECEIVED", "TRANSFER_CANCELLED", "TRANSFER_RETURNED"}
	if s < 0 || int(s) >= len(names) {
		return names[0]
	}
	return names[s]
}

// OnItsWay says that goods may be in transit.
func (s TransferState) OnItsWay() bool { return s == TransferSent || s == TransferReceiving }

const (
	maxTransferLines = 200
	// maxTransferSteps bounds the parts in which a transfer arrives: the one before the last step must leave nothing open.
	maxTransferSteps = 50
)

// TransferLine is pieces of one SKU and owner on their way.
type TransferLine struct {
	SKU      string `json:"sku"`
	Owner    string `json:"own"`
	Wanted   int64  `json:"w,omitempty"`
	Sent     int64  `json:"s,omitempty"`
	Received int64  `json:"r,omitempty"` // arrived and for sale
	Damaged  int64  `json:"d,omitempty"` // arrived and not for sale
	Missing  int64  `json:"m,omitempty"`
	Returned int64  `json:"b,omitempty"` // back where it came from
	// Lots are what is still on its way of each lot; what is in none is among them once one is.
	Lots []LotPart `json:"l,omitempty"`
}

// Open is what is still on its way.
func (l TransferLine) Open() int64 { return l.Sent - l.Received - l.Damaged - l.Missing - l.Returned }

// off takes pieces off what is on its way, and says of which lots they are.
func (l *TransferLine) off(qty int64) []LotPart {
	if qty == 0 {
		return nil
	}
	if len(l.Lots) == 0 {
		return []LotPart{{"", qty}}
	}
	var list []LotPart
	rest := make([]LotPart, 0, len(l.Lots))
	for _, p := range l.Lots {
		n := min(qty, p.Quantity)
		if n > 0 {
			list, qty = append(list, LotPart{p.Code, n}), qty-n
		}
		if p.Quantity > n {
			rest = append(rest, LotPart{p.Code, p.Quantity - n})
		}
	}
	l.Lots = rest
	return list
}

func (l TransferLine) inLots() (sum int64) {
	for _, p := range l.Lots {
		sum += p.Quantity
	}
	return sum
}

// load notes which lots are on their way.
func (l *TransferLine) load(list []LotPart) {
	if slices.ContainsFunc(list, func(p LotPart) bool { return p.Code != "" }) || len(l.Lots) > 0 {
		l.Lots = append(l.Lots, list...)
	}
}

// TransferStep says who took the transfer to a state, and when.
type TransferStep struct {
	State TransferState `json:"st"`
	Actor string        `json:"by"`
	AtUS  int64         `json:"at"`
}

// TransferRow is a transfer as it is stored.
type TransferRow struct {
	ID, Number         string
	From, To           string // locations
	FromOrg, ToOrg     string
	State              TransferState
	Lines              []TransferLine
	History            []TransferStep
	Version            int64
	Note, CreatedBy    string
	CreatedUS          int64
	SentUS, ReceivedUS int64
	ExpectedUS         int64
	UpdatedUS          int64
}

// Transfer moves goods from one location to another. Their owner stays who it is: a transfer between organisations lays
// goods down on consignment, or brings them back.
type Transfer struct{ row TransferRow }

// NewTransfer plans one: a draft of the side that sends, or a request of the side that receives.
func NewTransfer(r TransferRow, requested bool) (*Transfer, error) {
	if r.From == r.To {
		return nil, Invalid{"to_location", "must be another location"}
	}
	if len(r.Lines) == 0 || len(r.Lines) > maxTransferLines {
		return nil, Invalid{"lines", "must be 1 to 200"}
	}
	for _, l := range r.Lines {
		if err := pieces(l.Wanted); err != nil {
			return nil, err
		}
	}
	t := &Transfer{r}
	t.row.State, t.row.Version = TransferDraft, 1
	if requested {
		t.row.State = TransferRequested
	}
	t.row.UpdatedUS = r.CreatedUS
	t.row.History = []TransferStep{{t.row.State, r.CreatedBy, r.CreatedUS}}
	return t, nil
}

// RestoreTransfer takes over a stored row.
func RestoreTransfer(r TransferRow) (*Transfer, error) {
	open := int64(0)
	for _, l := range r.Lines {
		if min(l.Wanted, l.Sent, l.Received, l.Damaged, l.Missing, l.Returned, l.Open()) < 0 || l.Sent > l.Wanted {
			return nil, broken("transfer %s: line %+v", r.ID, l)
		}
		open += l.Open()
		if inLots := l.inLots(); len(l.Lots) > 0 && inLots != l.Open() {
			return nil, broken("transfer %s: %d of %s on their way, lots say %d", r.ID, l.Open(), l.SKU, inLots)
		}
	}
	if r.State.OnItsWay() != (open > 0) {
		return nil, broken("transfer %s is %s with %d pieces on their way", r.ID, r.State, open)
	}
	return &Transfer{r}, nil
}

// Row is the stored form.
func (t *Transfer) Row() TransferRow {
	r := t.row
	r.Lines, r.History = slices.Clone(r.Lines), slices.Clone(r.History)
	return r
}

// source and target are the stock rows of a line.
func (t *Transfer) source(l TransferLine) StockKey { return StockKey{l.SKU, t.row.From, l.Owner} }
func (t *Transfer) target(l TransferLine) StockKey { return StockKey{l.SKU, t.row.To, l.Owner} }

// ref tells the entries of a line's steps apart: each (line, step) is booked once.
func (t *Transfer) ref(line int) string {
	return strconv.Itoa(line+1) + "/" + strconv.FormatInt(t.row.Version, 10)
}

// seen refuses a caller who knows another version; 0 stands for any.
func (t *Transfer) seen(version int64) error {
	if version != 0 && version != t.row.Version {
		return MovedOn{State: t.row.State.String(), Version: t.row.Version}
	}
	return nil
}

// enter goes to a state, or refuses.
func (t *Transfer) enter(to TransferState, actor string, nowUS int64) error {
	if !slices.Contains(TransferSteps[t.row.State], to) {
		return WrongState{"transfer", t.row.State.String()}
	}
	t.row.State = to
	t.row.Version++
	t.row.UpdatedUS = nowUS
	t.row.History = append(t.row.History, TransferStep{to, actor, nowUS})
	return nil
}

// Sending is what leaves of a line, by its number from 1.
type Sending struct {
	Line     int
	Quantity int64
	Batch    string // of this lot; empty: what expires first
}

// send says what leaves: all that is wanted when nothing is named. It returns what does.
func (t *Transfer) send(sendings []Sending, expectedUS int64, actor string, nowUS int64) ([]Sending, error) {
	if err := t.enter(TransferSent, actor, nowUS); err != nil {
		return nil, err
	}
	if len(sendings) == 0 {
		for i, l := range t.row.Lines {
			sendings = append(sendings, Sending{Line: i + 1, Quantity: l.Wanted})
		}
	}
	for _, s := range sendings {
		l, err := t.line(s.Line)
		if err != nil {
			return nil, err
		}
		if err := pieces(s.Quantity); err != nil {
			return nil, err
		}
		if l.Sent+s.Quantity > l.Wanted {
			return nil, TransferExceeded{Line: s.Line, Left: l.Wanted - l.Sent}
		}
		l.Sent += s.Quantity
	}
	if expectedUS > 0 {
		t.row.ExpectedUS = expectedUS
	}
	t.row.SentUS = nowUS
	return sendings, nil
}

// Arrival is what came of a line, and what will not.
type Arrival struct {
	Line                       int
	Received, Damaged, Missing int64
}

// receive takes note of what arrived. last: what is still open then is missing. It returns what the step adds to each line,
// by its index.
func (t *Transfer) receive(arrivals []Arrival, last bool, actor string, nowUS int64) ([]Arrival, error) {
	if !t.row.State.OnItsWay() {
		return nil, WrongState{"transfer", t.row.State.String()}
	}
	added := make([]Arrival, len(t.row.Lines))
	for _, a := range arrivals {
		l, err := t.line(a.Line)
		if err != nil {
			return nil, err
		}
		if min(a.Received, a.Damaged, a.Missing) < 0 || max(a.Received, a.Damaged, a.Missing) > MaxQuantity || a.Received+a.Damaged+a.Missing == 0 {
			return nil, Invalid{"lines", "must say how many pieces arrived or are missing"}
		}
		if a.Received+a.Damaged+a.Missing > l.Open() {
			return nil, TransferExceeded{Line: a.Line, Left: l.Open()}
		}
		l.take(a)
		sum := &added[a.Line-1]
		sum.Received, sum.Damaged, sum.Missing = sum.Received+a.Received, sum.Damaged+a.Damaged, sum.Missing+a.Missing
	}
	open := int64(0)
	for i := range t.row.Lines {
		l := &t.row.Lines[i]
		if last {
			added[i].Missing += l.Open()
			l.take(Arrival{Missing: l.Open()})
		}
		open += l.Open()
	}
	if len(arrivals) == 0 && !last {
		return nil, Invalid{"lines", "must name what arrived, or say that it was the last"}
	}
	to := TransferReceived
	if open > 0 {
		to = TransferReceiving
		if len(t.row.History) >= maxTransferSteps {
			return nil, TooManySteps{maxTransferSteps}
		}
	} else {
		t.row.ReceivedUS = nowUS
	}
	return added, t.enter(to, actor, nowUS)
}

func (l *TransferLine) take(a Arrival) {
	l.Received, l.Damaged, l.Missing = l.Received+a.Received, l.Damaged+a.Damaged, l.Missing+a.Missing
}

// cancel ends it: before it was sent nothing takes place, afterwards all that is open goes back. It returns what goes back of
// each line.
func (t *Transfer) cancel(actor string, nowUS int64) ([]int64, error) {
	back := make([]int64, len(t.row.Lines))
	if !t.row.State.OnItsWay() {
		return back, t.enter(TransferCancelled, actor, nowUS)
	}
	for i := range t.row.Lines {
		l := &t.row.Lines[i]
		back[i] = l.Open()
		l.Returned += back[i]
	}
	return back, t.enter(TransferReturned, actor, nowUS)
}

func (t *Transfer) line(number int) (*TransferLine, error) {
	if number < 1 || number > len(t.row.Lines) {
		return nil, Invalid{"lines", "there is no line " + strconv.Itoa(number)}
	}
	return &t.row.Lines[number-1], nil
}
