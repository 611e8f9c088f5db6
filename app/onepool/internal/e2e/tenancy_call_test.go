package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/onepool/onepool/app/internal/authn"
	"github.com/onepool/onepool/app/onepool/internal/client"
)

var asJSON = protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}

// answer is what came back, the same for both transports.
type answer struct {
	code   int // of HTTP
	reason string
	body   string
}

func (a answer) String() string {
	return fmt.Sprintf("%d %s %.300s", a.code, a.reason, a.body)
}

// credential is put on a request: headers as they are, or a signature by a channel account's secret.
type credential struct {
	headers       map[string]string
	keyID, secret string
}

func bearer(token string) credential {
	return credential{headers: map[string]string{"authorization": "Bearer " + token}}
}

func (c credential) signs() bool { return c.keyID != "" }

// transport calls one method of the platform.
type transport interface {
	name() string
	// has says whether the method can be called this way at all.
	has(m protoreflect.MethodDescriptor) bool
	call(ctx context.Context, m protoreflect.MethodDescriptor, by credential, in proto.Message) (answer, error)
}

// overGRPC calls public gRPC.
type overGRPC struct{ conn *grpc.ClientConn }

func (overGRPC) name() string                           { return "grpc" }
func (overGRPC) has(protoreflect.MethodDescriptor) bool { return true }

func (g overGRPC) call(ctx context.Context, m protoreflect.MethodDescriptor, by credential, in proto.Message) (answer, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	if err != nil {
		return answer{}, err
	}
	for key, value := range by.headers {
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	out := kind.New().Interface()
	if err := g.conn.Invoke(ctx, operation(m), in, out); err != nil {
		e := kerrors.FromError(err)
		return answer{int(e.Code), e.Reason, fmt.Sprintf("%d %s %s %v", e.Code, e.Reason, e.Message, e.Metadata)}, nil
	}
	body, err := asJSON.Marshal(out)
	return answer{code: http.StatusOK, body: string(body)}, err
}

func operation(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// overHTTP calls the route that the proto gives a method.
type overHTTP struct {
	base string
	http *http.Client
}

func (overHTTP) name() string { return "http" }

func (overHTTP) has(m protoreflect.MethodDescriptor) bool { return route(m) != nil }

func route(m protoreflect.MethodDescriptor) *annotations.HttpRule {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	return rule
}

var pathVariable = regexp.MustCompile(`\{(\w+)\}`)

func (h overHTTP) call(ctx context.Context, m protoreflect.MethodDescriptor, by credential, in proto.Message) (answer, error) {
	verb, template := http.MethodPost, route(m).GetPost()
	if template == "" {
		verb, template = http.MethodGet, route(m).GetGet()
	}
	if template == "" {
		verb, template = http.MethodDelete, route(m).GetDelete()
	}
	rest := proto.Clone(in)
	path := pathVariable.ReplaceAllStringFunc(template, func(v string) string {
		field := rest.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(strings.Trim(v, "{}")))
		value := rest.ProtoReflect().Get(field).String()
		rest.ProtoReflect().Clear(field)
		return url.PathEscape(value)
	})
	var body []byte
	if verb != http.MethodPost {
		query := url.Values{}
		flatten("", rest.ProtoReflect(), query)
		if len(query) > 0 {
			path += "?" + query.Encode()
		}
	} else {
		var err error
		if body, err = (protojson.MarshalOptions{UseProtoNames: true}).Marshal(rest); err != nil {
			return answer{}, err
		}
	}
	return h.send(ctx, verb, path, by, body)
}

// send sends a raw request.
func (h overHTTP) send(ctx context.Context, verb, path string, by credential, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, verb, h.base+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for key, value := range by.headers {
		req.Header.Set(key, value)
	}
	if by.signs() {
		for key, value := range signature(by, verb, path, body) {
			req.Header.Set(key, value)
		}
	}
	resp, err := h.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	if resp.StatusCode == http.StatusOK {
		return answer{code: resp.StatusCode, body: string(raw)}, nil
	}
	var e kerrors.Status
	if err := (protojson.UnmarshalOptions{}).Unmarshal(raw, &e); err != nil {
		return answer{}, errors.Join(fmt.Errorf("%d with a body that is no error of ours: %s", resp.StatusCode, raw), err)
	}
	return answer{resp.StatusCode, e.Reason, fmt.Sprintf("%d %s %s %v", e.Code, e.Reason, e.Message, e.Metadata)}, nil
}

// signature makes the headers of a signed request.
func signature(by credential, verb, path string, body []byte) map[string]string {
	signed := authn.Signed{Method: verb, Path: path, TimestampS: time.Now().Unix(), Nonce: client.RequestID(), BodySHA256: authn.BodySHA256Of(body)}
	return map[string]string{authn.HeaderKeyID: by.keyID, authn.HeaderTimestamp: strconv.FormatInt(signed.TimestampS, 10),
		authn.HeaderNonce: signed.Nonce, authn.HeaderSignature: authn.Sign([]byte(by.secret), signed)}
}

// flatten writes the fields that are set as parameters.
func flatten(prefix string, m protoreflect.Message, into url.Values) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		name := prefix + string(field.Name())
		switch {
		case field.IsList():
			for i := range value.List().Len() {
				into.Add(name, value.List().Get(i).String())
			}
		case field.Message() != nil:
			flatten(name+".", value.Message(), into)
		case field.Enum() != nil:
			into.Add(name, string(field.Enum().Values().ByNumber(value.Enum()).Name()))
		default:
			into.Add(name, value.String())
		}
		return true
	})
}
