package invoicing

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/onepool/onepool/app/internal/money"
	"github.com/onepool/onepool/app/order/internal/biz"
)

// SandboxPath is where the platform serves the sandbox, below its public address; the action follows.
const SandboxPath = "/v1/order/invoices/sandbox"

// Entry is what the sandbox has in its books about a number.
type Entry struct {
	Number, Of  string
	Fingerprint string // of what was asked
	// Refusal is the code of one, empty: it is issued.
	Refusal, Message string
	AmountMinor      int64
	OfficialNo       string
}

// Books keep entries for all replicas.
type Books interface {
	// Enter writes an entry and returns what stands under its number: the entry, or the one that was first.
	Enter(ctx context.Context, e Entry) (Entry, error)
	// Entry is what stands under a number; false: nothing.
	Entry(ctx context.Context, number string) (Entry, bool, error)
	// Reds are the red letters of an invoice.
	Reds(ctx context.Context, number string) ([]Entry, error)
}

// Sandbox is an issuer that sends nothing to any tax office, but checks what it is asked as one does.
type Sandbox struct {
	App   string
	Key   []byte
	Books Books
	NowUS func(ctx context.Context) (int64, error)
}

const (
	windowS = 300
	// roundedMinor is how far the tax of a line may be from that of its rate: it is a share of a line's that was rounded before.
	roundedMinor = 2
	// unknownTaxNo begins tax numbers that the sandbox says nobody has: to see a refusal.
	unknownTaxNo = "000"
)

// errUsed means that a number was asked under for something else.
var errUsed = errors.New("the number was used for something else")

// Serve answers a question. An error is one of what was sent, or of the books: nothing was decided.
func (s *Sandbox) Serve(action string, w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBytes))
	if err != nil {
		return fmt.Errorf("sandbox of invoices: read: %w", err)
	}
	now, err := s.NowUS(r.Context())
	if err != nil {
		return err
	}
	at, nonce := r.Header.Get(HeaderTimestamp), r.Header.Get(HeaderNonce)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || seconds > now/1_000_000+windowS || seconds < now/1_000_000-windowS || len(nonce) < 16 || r.Header.Get(HeaderApp) != s.App ||
		!hmac.Equal([]byte(r.Header.Get(HeaderSignature)), []byte(SignQuestion(s.Key, action, s.App, at, nonce, body))) {
		return biz.SignatureInvalid()
	}
	var q question
	if err := json.Unmarshal(body, &q); err != nil || q.Number == "" || len(q.Number) > 40 {
		return biz.Invalid("body", "is no question about an invoice")
	}
	a, err := s.answer(r.Context(), action, q, body)
	switch {
	case errors.Is(err, errUsed):
		return biz.NumberTaken(q.Number)
	case err != nil:
		return err
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("sandbox of invoices: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(HeaderSignature, SignAnswer(s.Key, nonce, http.StatusOK, raw))
	_, err = w.Write(raw)
	return err
}

func (s *Sandbox) answer(ctx context.Context, action string, q question, body []byte) (answer, error) {
	e, known, err := s.Books.Entry(ctx, q.Number)
	if err != nil {
		return answer{}, err
	}
	asked := fingerprint(action, body)
	switch {
	case action == ActionQuery && !known:
		return answer{Number: q.Number, Status: string(biz.InvoiceUnknown)}, nil
	case action == ActionQuery:
		return e.answer(), nil
	case action != ActionIssue && action != ActionRedden:
		return answer{}, biz.NotFound("action")
	case !known:
		e = Entry{Number: q.Number, Of: q.RedOf, Fingerprint: asked, AmountMinor: q.AmountMinor, OfficialNo: officialNo(q.Number)}
		if e.Refusal, e.Message, err = s.refuses(ctx, action, q); err != nil {
			return answer{}, err
		}
		if e, err = s.Books.Enter(ctx, e); err != nil {
			return answer{}, err
		}
	}
	if e.Fingerprint != asked {
		return answer{}, errUsed
	}
	return e.answer(), nil
}

func (e Entry) answer() answer {
	if e.Refusal != "" {
		return answer{Number: e.Number, Status: string(biz.InvoiceRefused), Code: e.Refusal, Message: e.Message}
	}
	return answer{Number: e.Number, Status: string(biz.InvoiceIsIssued), AmountMinor: e.AmountMinor, OfficialNo: e.OfficialNo}
}

// refuses says why what is asked is not issued; no code: it is.
func (s *Sandbox) refuses(ctx context.Context, action string, q question) (code, message string, err error) {
	var amount, tax int64
	for _, l := range q.Lines {
		amount, tax = amount+l.AmountMinor, tax+l.TaxMinor
		by := money.Proportion(max(0, l.AmountMinor), max(0, l.RateBP), money.BasisPoints+max(0, l.RateBP))
		if l.AmountMinor <= 0 || l.RateBP < 0 || l.TaxMinor < by-roundedMinor || l.TaxMinor > by+roundedMinor {
			return "LINE_TAX", "the tax of a line is not that of its rate", nil
		}
	}
	switch {
	case q.AmountMinor <= 0 || amount != q.AmountMinor || tax != q.TaxMinor:
		return "LINES_SUM", "the lines are not the amount and the tax", nil
	case q.Buyer == nil || q.Buyer.Title == "" || q.Seller.TaxNo == "" || q.Seller.Title == "":
		return "PARTY_MISSING", "buyer and seller need a title, the seller a tax number", nil
	case strings.HasPrefix(q.Buyer.TaxNo, unknownTaxNo):
		return "TAX_NO_UNKNOWN", "nobody has the buyer's tax number: correct it", nil
	case action == ActionIssue:
		return "", "", nil
	}
	of, known, err := s.Books.Entry(ctx, q.RedOf)
	if err != nil {
		return "", "", err
	}
	if !known || of.Refusal != "" || of.OfficialNo != q.RedOfficial {
		return "INVOICE_UNKNOWN", "the invoice to be taken back is not issued", nil
	}
	reds, err := s.Books.Reds(ctx, q.RedOf)
	left := of.AmountMinor
	for _, red := range reds {
		if red.Refusal == "" {
			left -= red.AmountMinor
		}
	}
	if q.AmountMinor > left {
		return "RED_EXCEEDS", "red letters would take back more than the invoice", err
	}
	return "", "", err
}

func fingerprint(action string, body []byte) string {
	sum := sha256.Sum256(append([]byte(action+"\n"), body...))
	return hex.EncodeToString(sum[:])
}

// officialNo is the number that an invoice has everywhere: 20 digits that follow from ours.
func officialNo(number string) string {
	sum := sha256.Sum256([]byte(number))
	return fmt.Sprintf("99%018d", binary.BigEndian.Uint64(sum[:8])%1_000_000_000_000_000_000)
}
