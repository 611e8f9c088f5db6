// Package demo walks one order through all six centers of a running platform, as its users would, and says what it does.
//
// Always true: it speaks to the platform through its public APIs only; every step checks what came back and ends the
// run with an error when it is not what was promised. It uses real time: the server's return window must be short.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/onepool/onepool/app/frontend/about"
	"github.com/onepool/onepool/app/onepool/internal/client"
	"github.com/onepool/onepool/app/onepool/internal/importer"
	"github.com/onepool/onepool/configs"
)

// longestWindow is the return window that the demo is ready to sit through.
const longestWindow = 2 * time.Minute

// Run does the main job against the server that admin speaks to, which must hold headquarters' credential.
func Run(ctx context.Context, admin *client.Client, out io.Writer) error {
	server, err := ask(ctx, admin)
	if err != nil {
		return err
	}
	if !server.Sandbox {
		return fmt.Errorf("the server's sandbox is off: the demo pays and signs in through it; start it with --demo, or with sandbox.payments and sandbox.sms on")
	}
	if window := time.Duration(server.ReturnWindowS) * time.Second; window > longestWindow {
		return fmt.Errorf("the server's return window is %s, the demo waits at most %s; start it with --demo, or with a short trade.return_window_s", window, longestWindow)
	}
	conn, err := grpc.NewClient(server.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("grpc %s: %w", server.GRPC, err)
	}
	defer conn.Close()

	r := &run{admin: admin, about: server, grpc: conn, out: out}
	for i, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Import stores, products, members and stock", r.importBrand},
		{"A member signs in, looks around and fills the cart", r.fillCart},
		{"Check out: nearest stock is held, points are frozen, the order is created, all or nothing", r.checkOut},
		{"Pay: the provider calls back, signed; points and rebates accrue as pending", r.pay},
		{"The stores accept and ship, the member receives; points and rebates are earned after the return window", r.fulfil},
		{"One line comes back: refund, stock, points and rebates follow in proportion", r.takeBack},
		{"The till: scan, sell for cash and points; every channel sees the stock fall", r.sellAtTill},
		{"A marketplace posts the same paid order twice: it is one order", r.postChannelOrder},
		{"Finance downloads the month's statement, and it adds up", r.downloadStatement},
		{"The audit", r.audit},
	} {
		r.say("\n%d. %s", i+1, step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, step.title, err)
		}
	}
	r.say("\nThe order went through all six centers.")
	return nil
}

// run is the state that the steps hand on.
type run struct {
	admin  *client.Client
	member *client.Client
	about  about.About
	grpc   *grpc.ClientConn
	out    io.Writer

	shopper shopper
	orderID string
	lineIDs []string
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }
func (r *run) tell(format string, args ...any) {
	fmt.Fprintf(r.out, "   "+format+"\n", args...)
}

func ask(ctx context.Context, c *client.Client) (about.About, error) {
	status, body, err := c.Send(ctx, http.MethodGet, "/v1/about", nil, nil)
	if err != nil {
		return about.About{}, fmt.Errorf("no platform at %s: %w", c.Base(), err)
	}
	var found about.About
	if status != http.StatusOK {
		return about.About{}, fmt.Errorf("%s/v1/about answers %d: is this a onepool server?", c.Base(), status)
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return about.About{}, fmt.Errorf("%s/v1/about: %w", c.Base(), err)
	}
	return found, nil
}

// importBrand imports the demo brand twice: the second time changes nothing.
func (r *run) importBrand(ctx context.Context) error {
	first, err := importer.Brand(ctx, r.admin, configs.Demo, "demo")
	if err != nil {
		return err
	}
	again, err := importer.Brand(ctx, r.admin, configs.Demo, "demo")
	if err != nil {
		return err
	}
	for i, s := range again {
		r.tell("%-14s %4d rows: %d new, %d changed; again: %d new, %d changed", s.Kind, s.Rows, first[i].Created, first[i].Updated, s.Created, s.Updated)
		if len(s.Errors) > 0 {
			return fmt.Errorf("%s: line %d: %s", s.Kind, s.Errors[0].Line, s.Errors[0].Message)
		}
		if s.Created+s.Updated != 0 {
			return fmt.Errorf("%s: a second import of the same file changed %d rows", s.Kind, s.Created+s.Updated)
		}
	}
	return nil
}

// until asks again and again, at most for the given time, until done says so: what follows a commit arrives by message.
func until(ctx context.Context, limit time.Duration, what string, done func(context.Context) (bool, error)) error {
	deadline := time.Now().Add(limit)
	for {
		ok, err := done(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not so after %s", what, limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
