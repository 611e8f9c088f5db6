package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/onepool/onepool/app/onepool/internal/client"
)

// edge is a platform as strangers meet it. A call is written once, as a method and its JSON, and goes over each transport.
type stranger struct {
	url  string
	conn *grpc.ClientConn
}

var bothWays = []string{"http", "grpc"}

// do makes a call; $id in the JSON becomes a new request id.
func (e *stranger) do(t *testing.T, transport, token, method, body string) told {
	t.Helper()
	body = strings.ReplaceAll(body, "$id", client.RequestID())
	if transport == "http" {
		verb, path, rest := e.route(t, method, body)
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		return e.raw(t, verb, path, header, []byte(rest))
	}
	d := describe(t, method)
	in, err := protoregistry.GlobalTypes.FindMessageByName(d.Input().FullName())
	require.NoError(t, err)
	out, err := protoregistry.GlobalTypes.FindMessageByName(d.Output().FullName())
	require.NoError(t, err)
	req, reply := in.New().Interface(), out.New().Interface()
	require.NoError(t, protojson.Unmarshal([]byte(body), req), method)
	return e.invoke(t, metadata.Pairs(bearerOf(token)...), method, req, reply)
}

func bearerOf(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"authorization", "Bearer " + token}
}

// invoke calls over gRPC.
func (e *stranger) invoke(t *testing.T, md metadata.MD, method string, req, reply any, options ...grpc.CallOption) told {
	t.Helper()
	ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(context.Background(), md), 20*time.Second)
	defer cancel()
	var header, trailer metadata.MD
	err := e.conn.Invoke(ctx, "/onepool."+method, req, reply, append(options, grpc.Header(&header), grpc.Trailer(&trailer))...)
	a := told{code: status.Code(err)}
	a.retry = strings.Join(append(header.Get("retry-after"), trailer.Get("retry-after")...), ",")
	if err != nil {
		k := kerrors.FromError(err)
		a.Reason, a.Message, a.Metadata = k.Reason, k.Message, k.Metadata
		a.raw = []byte(a.Reason + "|" + a.Message + "|" + fmt.Sprint(a.Metadata))
		return a
	}
	if m, ok := reply.(proto.Message); ok {
		a.raw, err = protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}.Marshal(m)
		require.NoError(t, err)
	}
	return a
}

// raw sends bytes over HTTP as they are.
func (e *stranger) raw(t *testing.T, verb, path string, header http.Header, body []byte) told {
	t.Helper()
	req, err := http.NewRequest(verb, e.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	a := told{status: resp.StatusCode, retry: resp.Header.Get("Retry-After")}
	a.raw, err = io.ReadAll(resp.Body)
	require.NoError(t, err)
	if a.status >= 400 {
		decoder := json.NewDecoder(bytes.NewReader(a.raw))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&a), "an error body is {code, reason, message, metadata}: %s", a.raw)
		require.Equal(t, a.status, a.Code)
		require.NotNil(t, a.Metadata)
		require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	}
	return a
}

func describe(t *testing.T, method string) protoreflect.MethodDescriptor {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName("onepool." + strings.ReplaceAll(method, "/", ".")))
	require.NoError(t, err, method)
	return d.(protoreflect.MethodDescriptor)
}

// route is the HTTP form of a call, by the method's annotation.
func (e *stranger) route(t *testing.T, method, body string) (verb, path, rest string) {
	t.Helper()
	rule := proto.GetExtension(describe(t, method).Options(), annotations.E_Http).(*annotations.HttpRule)
	var fields map[string]any
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&fields), body)
	verb, path = http.MethodPost, rule.GetPost()
	if rule.GetGet() != "" {
		verb, path = http.MethodGet, rule.GetGet()
	}
	if rule.GetDelete() != "" {
		verb, path = http.MethodDelete, rule.GetDelete()
	}
	path = regexp.MustCompile(`{(\w+)}`).ReplaceAllStringFunc(path, func(name string) string {
		name = strings.Trim(name, "{}")
		value := fmt.Sprint(fields[name])
		delete(fields, name)
		return url.PathEscape(value)
	})
	if verb == http.MethodPost {
		raw, err := json.Marshal(fields)
		require.NoError(t, err)
		return verb, path, string(raw)
	}
	query := url.Values{}
	for name, value := range fields {
		if list, ok := value.([]any); ok {
			for _, v := range list {
				query.Add(name, fmt.Sprint(v))
			}
			continue
		}
		query.Set(name, fmt.Sprint(value))
	}
	return verb, path + "?" + query.Encode(), ""
}

// told is what a client gets, over whichever transport.
type told struct {
	status   int // HTTP
	code     codes.Code
	Code     int               `json:"code"`
	Reason   string            `json:"reason"`
	Message  string            `json:"message"`
	Metadata map[string]string `json:"metadata"`
	raw      []byte
	retry    string
}

// promise says what a row of the table promises.
type promise struct {
	status int
	code   codes.Code
	reason string
}

// leaks are the traces of what is inside: libraries, statements, files, stacks, addresses.
var leaks = regexp.MustCompile(`(?i)sqlite|mysql|mariadb|modernc|constraint failed|\bselect\b.*\bfrom\b|insert into|goroutine|panic|\.go:\d|rpc error|grpc:|127\.0\.0\.1|/tmp|bufconn|dtm|stack trace|nil pointer`)

// is compares an told with what was promised, and looks for what must not be told. sent is what the client itself wrote.
func (a told) is(t *testing.T, w promise, sent ...string) {
	t.Helper()
	if a.status != 0 {
		require.Equal(t, w.status, a.status, string(a.raw))
	} else {
		require.Equal(t, w.code, a.code, string(a.raw))
	}
	require.Equal(t, w.reason, a.Reason, string(a.raw))
	require.NotEmpty(t, a.Message)
	told := string(a.raw)
	for _, text := range sent {
		told = strings.ReplaceAll(told, text, "")
	}
	require.NotRegexp(t, leaks, told)
}

func (a told) ok(t *testing.T) told {
	t.Helper()
	if a.status != 0 {
		require.Equal(t, 200, a.status, string(a.raw))
	} else {
		require.Equal(t, codes.OK, a.code, string(a.raw))
	}
	return a
}
