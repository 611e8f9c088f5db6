// Package command is the command of package unbatched.
package command

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	kratos "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

const (
	maxRequestID = 64
	maxCaller    = 128
	maxMethod    = 160
)

// ReasonTooMany refuses one more distributed command on a business object that has had too many.
const ReasonTooMany = "TOO_MANY_ATTEMPTS"

var (
	errReused = fault.RequestIDReused()
	// ErrInProgress answers a repeat while the first is still running.
	ErrInProgress = fault.InProgress()
	errNoID       = fault.Validator("request_id", "is missing or too long")
	// errDuplicate leaves the transaction of a command that somebody else has committed meanwhile.
	errDuplicate = errors.New("command: committed by another")
)

// Request is what every state-changing message has.
type Request interface {
	proto.Message
	GetRequestId() string
}

// identity is the key of a command and the hash of its body.
type identity struct {
	caller, method, requestID string
	hash                      []byte
}

func identify(ctx context.Context, method string, req Request) (identity, error) {
	p, err := tenancy.FromContext(ctx)
	if err != nil {
		return identity{}, err
	}
	id := identity{caller: p.Caller(), method: method, requestID: req.GetRequestId()}
	switch {
	case id.requestID == "" || len(id.requestID) > maxRequestID:
		return identity{}, errNoID
	case method == "" || len(method) > maxMethod || len(id.caller) > maxCaller:
		return identity{}, fmt.Errorf("command: caller %q or method %q is empty or too long", id.caller, method)
	}
	if id.hash, err = Hash(req); err != nil {
		return identity{}, err
	}
	return id, nil
}

// Hash is the SHA-256 of a message's type and content.
func Hash(m proto.Message) ([]byte, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("command: hash: %w", err)
	}
	h := sha256.New()
	h.Write([]byte(m.ProtoReflect().Descriptor().FullName()))
	h.Write([]byte{0})
	h.Write(body)
	return h.Sum(nil), nil
}

// outcome is what a finished command says: an answer or a refusal.
type outcome struct {
	hash, answer, refusal []byte
}

// find reads the stored outcome; found is false if there is none.
func (id identity) find(ctx context.Context, db *database.DB) (o outcome, found bool, err error) {
	row := db.Conn(ctx).QueryRowContext(ctx,
		"SELECT hash, answer, refusal FROM commands WHERE caller = ? AND method = ? AND request_id = ?", id.caller, id.method, id.requestID)
	switch err := row.Scan(&o.hash, &o.answer, &o.refusal); {
	case errors.Is(err, sql.ErrNoRows):
		return outcome{}, false, nil
	case err != nil:
		return outcome{}, false, fmt.Errorf("command %s: stored answer: %w", id.method, err)
	}
	return o, true, nil
}

// reply turns a stored outcome into what the command returns.
func reply[R proto.Message](id identity, o outcome) (answer R, err error) {
	if string(o.hash) != string(id.hash) {
		return answer, errReused
	}
	return open[R](o)
}

func open[R proto.Message](o outcome) (answer R, err error) {
	if o.refusal != nil {
		refusal, err := decodeRefusal(o.refusal)
		if err != nil {
			return answer, err
		}
		return answer, refusal
	}
	m, ok := answer.ProtoReflect().Type().New().Interface().(R)
	if !ok {
		return answer, fmt.Errorf("command: answer is no %T", answer)
	}
	if err := proto.Unmarshal(o.answer, m); err != nil {
		return answer, fmt.Errorf("command: decode answer: %w", err)
	}
	return m, nil
}

// Refusal returns err's refusal if it is one that is recorded: 4xx, but not what depends on the moment or on the token.
func Refusal(err error) (*kratos.Error, bool) {
	r, ok := errors.AsType[*kratos.Error](err)
	if !ok || r.Code < 400 || r.Code > 499 {
		return nil, false
	}
	switch r.Code {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, 499:
		return nil, false
	}
	return r, true
}

func encodeRefusal(r *kratos.Error) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&kratos.Status{
		Code: r.Code, Reason: r.Reason, Message: r.Message, Metadata: r.Metadata,
	})
	if err != nil {
		return nil, fmt.Errorf("command: encode refusal: %w", err)
	}
	return b, nil
}

func decodeRefusal(b []byte) (*kratos.Error, error) {
	var s kratos.Status
	if err := proto.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("command: decode refusal: %w", err)
	}
	return kratos.New(int(s.Code), s.Reason, s.Message).WithMetadata(s.Metadata), nil
}

func encodeAnswer(m proto.Message) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("command: encode answer: %w", err)
	}
	if b == nil {
		b = []byte{} // an empty answer is not NULL
	}
	return b, nil
}
