// Package outbox sends what must follow a commit: the message is a row of the commit, and a relay hands it to the
// transaction coordinator, which calls the branches until they succeed.
//
// Always true:
//   - Emit writes in the caller's transaction: message and effect are committed together or not at all.
//   - Each message is submitted at least once, under a gid that is a function of its id, so that the coordinator and the
//     branches recognise repeats. A relay that dies between submit and mark submits again.
//   - Several relays may run, in several processes: a row is leased by one at a time.
//   - Nothing is sent from memory. A commit in this process wakes the relay; the relay reads the table. All else is found
//     by polling within PollInterval.
//   - Messages of one key leave in the order of their ids within a batch, and after a failure the later ones wait. Nothing
//     is promised beyond that: consumers order by what the message says, e.g. the version of the aggregate.
package outbox

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/ids"
)

// Call is one branch that must be called: a method of a center, with its serialized request.
type Call struct {
	Center  string // e.g. "inventory"
	Method  string // full name of the RPC, e.g. "/onepool.inventory.v1.Branch/Confirm"
	Payload []byte
}

// Message is what follows a commit.
type Message struct {
	Kind  string // two characters, the kind of the gid
	Key   string // the aggregate that it is about, e.g. an order id
	Calls []Call
}

const (
	maxCalls  = 50
	maxCenter = 64
	maxMethod = 160
	maxKey    = 128
	prefix    = "obx"
	topic     = "outbox"
)

// NewCall serializes the request of a call.
func NewCall(center, method string, request proto.Message) (Call, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return Call{}, fmt.Errorf("outbox: call %s: %w", method, err)
	}
	return Call{Center: center, Method: method, Payload: body}, nil
}

// GID is the global transaction id of the message with this id.
func GID(kind, id string) string { return ids.GID(kind, id, 1) }

// Emit adds the message to ctx's transaction.
func Emit(ctx context.Context, m Message) error {
	db, err := database.FromContext(ctx)
	if err != nil {
		return fmt.Errorf("outbox: emit %s: %w", m.Kind, err)
	}
	calls, err := encode(m)
	if err != nil {
		return err
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	_, err = db.Conn(ctx).ExecContext(ctx, "INSERT INTO outbox (id, kind, msg_key, calls, created_us) VALUES (?, ?, ?, ?, ?)",
		ids.New(prefix), m.Kind, m.Key, calls, now)
	if err != nil {
		return fmt.Errorf("outbox: emit %s: %w", m.Kind, err)
	}
	return db.AfterCommit(ctx, func() { db.Signal(topic) })
}

// encode writes the calls in protobuf's wire format: repeated message Call {center = 1; method = 2; payload = 3} = 1.
func encode(m Message) ([]byte, error) {
	if len(m.Kind) != 2 || len(m.Key) > maxKey || len(m.Calls) == 0 || len(m.Calls) > maxCalls {
		return nil, fmt.Errorf("outbox: message of kind %q, key %q with %d calls", m.Kind, m.Key, len(m.Calls))
	}
	var all []byte
	for _, c := range m.Calls {
		if c.Center == "" || len(c.Center) > maxCenter || c.Method == "" || len(c.Method) > maxMethod {
			return nil, fmt.Errorf("outbox: call of center %q, method %q", c.Center, c.Method)
		}
		var one []byte
		for i, part := range [][]byte{[]byte(c.Center), []byte(c.Method), c.Payload} {
			one = protowire.AppendTag(one, protowire.Number(i+1), protowire.BytesType)
			one = protowire.AppendBytes(one, part)
		}
		all = protowire.AppendTag(all, 1, protowire.BytesType)
		all = protowire.AppendBytes(all, one)
	}
	return all, nil
}

var errCorrupt = errors.New("outbox: the calls of a message cannot be read")

func decode(b []byte) ([]Call, error) {
	var calls []Call
	for len(b) > 0 {
		_, one, rest, err := field(b)
		if err != nil {
			return nil, err
		}
		b = rest
		var c Call
		for len(one) > 0 {
			number, part, rest, err := field(one)
			if err != nil {
				return nil, err
			}
			one = rest
			switch number {
			case 1:
				c.Center = string(part)
			case 2:
				c.Method = string(part)
			case 3:
				c.Payload = part
			}
		}
		calls = append(calls, c)
	}
	return calls, nil
}

func field(b []byte) (protowire.Number, []byte, []byte, error) {
	number, kind, n := protowire.ConsumeTag(b)
	if n < 0 || kind != protowire.BytesType {
		return 0, nil, nil, errCorrupt
	}
	part, size := protowire.ConsumeBytes(b[n:])
	if size < 0 {
		return 0, nil, nil, errCorrupt
	}
	return number, part, b[n+size:], nil
}
