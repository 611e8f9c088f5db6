package saga

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/onepool/onepool/app/internal/outbox"
)

// Encoded is a payload that is serialized already. It must have been serialized deterministically, as outbox.NewCall does:
// the receiver checks the signature over that form.
func Encoded(payload []byte) proto.Message {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(payload)
	return m
}

// Outbox is where the relay of an outbox submits its messages. The calls of a message are delivered independently of each
// other, which is all that an outbox promises: a center that is down holds up only its own.
func (c *Coordinator) Outbox() outbox.Submitter { return outboxSubmitter{c} }

type outboxSubmitter struct{ c *Coordinator }

func (o outboxSubmitter) SubmitMessage(ctx context.Context, gid string, calls []outbox.Call) error {
	out := make([]Call, len(calls))
	for i, call := range calls {
		out[i] = Call{Center: call.Center, Method: call.Method, Payload: Encoded(call.Payload)}
	}
	return o.c.SubmitMessage(ctx, gid, out, true)
}
