package client

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-kratos/kratos/v2/middleware"
	"github.com/go-kratos/kratos/v2/transport"
	khttp "github.com/go-kratos/kratos/v2/transport/http"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var variable = regexp.MustCompile(`^{(\w+)}$`)

// fillPath puts the variables into the path that Kratos' client leaves empty: it looks them up by their JSON names, so that
// {order_id} finds nothing, and the value, of a GET, goes into the query instead.
func fillPath(next middleware.Handler) middleware.Handler {
	return func(ctx context.Context, in any) (any, error) {
		tr, _ := transport.FromClientContext(ctx)
		call, ok := tr.(khttp.Transporter)
		if !ok || !strings.Contains(call.PathTemplate(), "{") {
			return next(ctx, in)
		}
		at := call.Request().URL
		template, path, query := strings.Split(call.PathTemplate(), "/"), strings.Split(at.EscapedPath(), "/"), at.Query()
		for i := range min(len(template), len(path)) {
			if name := variable.FindStringSubmatch(template[i]); name != nil && path[i] == "" {
				path[i] = url.PathEscape(valueOf(in, query, name[1]))
			}
		}
		escaped := strings.Join(path, "/")
		plain, err := url.PathUnescape(escaped)
		if err != nil {
			return nil, fmt.Errorf("path %s: %w", escaped, err)
		}
		at.Path, at.RawPath, at.RawQuery = plain, escaped, query.Encode()
		return next(ctx, in)
	}
}

// valueOf is the value of a field: of the message that is sent, or of the query that Kratos has made of it, which loses it.
func valueOf(in any, query url.Values, name string) string {
	if m, ok := in.(proto.Message); ok && m != nil {
		if field := m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name)); field != nil {
			return m.ProtoReflect().Get(field).String()
		}
	}
	for _, key := range []string{name, jsonName(name)} {
		if value := query.Get(key); value != "" {
			query.Del(key)
			return value
		}
	}
	return ""
}

// jsonName is the lowerCamelCase of a proto name.
func jsonName(name string) string {
	words := strings.Split(name, "_")
	for i, word := range words[1:] {
		if word != "" {
			words[i+1] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "")
}
