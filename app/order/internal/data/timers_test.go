package data

import (
	"context"
	"io/fs"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/testkit"
	"github.com/onepool/onepool/app/order/internal/data/ent"
	"github.com/onepool/onepool/app/order/internal/data/migrations"
)

// A timer looks every few seconds: what it costs must not grow with the orders there ever were. Nothing is known of the
// tables here, as in a database that nobody analyses.
func TestEachTimerFindsWhatIsDueByItsTime(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		watched := &seen{Driver: db.EntDriver()}
		s := NewOrders(db, receivers(t))
		s.ent = ent.NewClient(ent.Driver(watched))
		for column, due := range map[string]func(ctx context.Context, nowUS int64, limit int) ([]Due, error){
			"pay_until_us": s.UnpaidDue, "auto_receive_us": s.ReceiptsDue, "close_us": s.WindowsDue, "refund.next_us": s.RefundsDue,
			"ask_us": s.PaymentsDue, "allocate_at_us": s.AllocationsDue, "collect_until_us": s.CollectionsDue, "choose_by_us": s.ChoicesDue,
			"deposit.due_us": s.BalancesDue, "gift.due_us": s.GiftsDue, "invoice.next_us": s.InvoicesDue, "review.due_us": s.ReviewsDue,
			"fulfilment.due_us": s.OverdueDue,
		} {
			watched.query = ""
			_, err := due(t.Context(), 1, 10)
			require.NoError(t, err)
			require.NotEmpty(t, watched.query, column)
			plan := watched.plan(t, db)
			if db.Engine() == database.SQLite {
				_, name, qualified := strings.Cut(column, ".")
				if !qualified {
					name = column
				}
				require.Contains(t, plan, name+"<?", "%s: %s\n%s", column, watched.query, plan)
			} else {
				require.NotContains(t, plan, "type=ALL", "%s: %s\n%s", column, watched.query, plan)
				require.Contains(t, plan, "type=range", "%s: %s\n%s", column, watched.query, plan)
			}
		}
	})
}

// stuck is a database that answers only when it is let go.
type stuck struct {
	dialect.Driver
	asked, free chan struct{}
}

func (s *stuck) Query(ctx context.Context, query string, args, v any) error {
	s.asked <- struct{}{}
	<-s.free
	return s.Driver.Query(ctx, query, args, v)
}

// Terms that wait for a connection do not keep those from committing who have one.
func TestTermsThatAreReadKeepNobodyWaiting(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, open func(fs.FS) *database.DB) {
		db := open(migrations.Files)
		terms := NewTradeTerms(db)
		driver := &stuck{db.EntDriver(), make(chan struct{}, 9), make(chan struct{})}
		terms.ent = ent.NewClient(ent.Driver(driver))
		read := make(chan error, 1)
		go func() { _, err := terms.Terms(t.Context(), 1); read <- err }()
		<-driver.asked
		known := make(chan error, 1)
		go func() { _, err := terms.TaxProfile(t.Context(), ""); known <- err }()
		select {
		case err := <-known:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			t.Error("it waits for whoever reads the terms")
		}
		close(driver.free)
		require.NoError(t, <-read)
	})
}
