package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	kerrors "github.com/go-kratos/kratos/v2/errors"
	"github.com/gorilla/mux"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/onepool/onepool/app/internal/fault"
)

// maxNesting of a JSON body: ours are at most a handful deep.
const maxNesting = 32

var (
	// Names as in the protos and in the reference; the JSON names are taken too when reading.
	marshal   = protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true}
	unmarshal = protojson.UnmarshalOptions{DiscardUnknown: false, RecursionLimit: maxNesting}
)

// decodeBody reads a JSON body exactly: an unknown field or enum name, a duplicate, anything after the end is an error.
// No body is an empty message.
func decodeBody(r *http.Request, v any) error {
	return postpone(r.Context(), readBody(r, v))
}

func readBody(r *http.Request, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fault.Codec("this path takes no JSON")
	}
	data, err := io.ReadAll(r.Body) // bounded by http.MaxBytesReader
	if err != nil {
		if _, is := errors.AsType[*http.MaxBytesError](err); is {
			return err // fault.Public knows it, from raw routes too
		}
		return fault.Codec("the body ends early").WithCause(err)
	}
	if len(data) == 0 {
		return nil
	}
	if ct := r.Header.Get("Content-Type"); ct != "" {
		kind, params, err := mime.ParseMediaType(ct)
		charset := params["charset"]
		if err != nil || kind != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return fault.Codec("send Content-Type: application/json")
		}
	}
	if err := unmarshal.Unmarshal(data, m); err != nil {
		return fault.Codec(decodeHint(err)).WithCause(err)
	}
	return nil
}

// decodeHint is protobuf's own text about the client's JSON, without its prefix and bounded: it quotes what was sent.
func decodeHint(err error) string {
	const longest = 200
	hint := err.Error()
	// The prefix has an ordinary or a no-break blank, at random, so that nobody compares the text.
	hint = strings.TrimLeft(strings.TrimPrefix(hint, "proto:"), " \u00a0")
	if len(hint) > longest {
		hint = hint[:longest]
	}
	return strings.ToValidUTF8(hint, "?")
}

// decodeQuery reads parameters exactly.
func decodeQuery(r *http.Request, v any) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return postpone(r.Context(), fault.Codec("the query string is malformed").WithCause(err))
	}
	return postpone(r.Context(), readValues(values, v))
}

// decodeVars reads the variables of the path.
func decodeVars(r *http.Request, v any) error {
	vars := mux.Vars(r)
	values := make(url.Values, len(vars))
	for name, value := range vars {
		values[name] = []string{value}
	}
	return postpone(r.Context(), readValues(values, v))
}

func readValues(values url.Values, v any) error {
	if len(values) == 0 {
		return nil
	}
	m, ok := v.(proto.Message)
	if !ok {
		return fault.Codec("this path takes no parameters")
	}
	for name, list := range values {
		for _, s := range append(list, name) {
			if !utf8.ValidString(s) {
				return fault.Codec("a parameter is not UTF-8")
			}
		}
		if err := setField(m.ProtoReflect(), strings.Split(name, "."), list); err != nil {
			return fault.Codec("parameter " + strconv.Quote(shorten(name)) + ": " + err.Error())
		}
	}
	return nil
}

func shorten(s string) string {
	const longest = 64
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return s
}

// encodeReply writes a message as JSON.
func encodeReply(w http.ResponseWriter, _ *http.Request, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return nil // a raw route has written its own
	}
	data, err := marshal.Marshal(m)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data) // a client that went away cannot be told
	return nil
}

// errorBody is the form of every error.
type errorBody struct {
	Code     int32             `json:"code"`
	Reason   string            `json:"reason"`
	Message  string            `json:"message"`
	Metadata map[string]string `json:"metadata"`
}

// encodeError writes an error. The chain has made it public already; what fails outside the chain is made so here.
func encodeError(w http.ResponseWriter, _ *http.Request, err error) {
	e := kerrors.FromError(fault.Public(err))
	body := errorBody{e.Code, e.Reason, e.Message, e.Metadata}
	if body.Metadata == nil {
		body.Metadata = map[string]string{}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // four plain fields cannot fail
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if s := fault.RetryAfterS(e); s > 0 {
		h.Set("Retry-After", strconv.FormatInt(s, 10))
	}
	w.WriteHeader(int(e.Code))
	_, _ = w.Write(buf.Bytes())
}
