package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"buf.build/go/protovalidate"
	"github.com/go-kratos/kratos/v2/middleware"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
)

// validation checks the shape of requests: the rules in the protos, and characters that no text of ours may hold. It also
// bounds the pages that lists answer.
type validation struct {
	rules   protovalidate.Validator
	maxPage int64
}

func newValidation(maxPage int) (*validation, error) {
	v, err := protovalidate.New()
	if err != nil {
		return nil, fmt.Errorf("validator: %w", err)
	}
	return &validation{rules: v, maxPage: int64(maxPage)}, nil
}

func (v *validation) middleware() middleware.Middleware {
	return func(next middleware.Handler) middleware.Handler {
		return func(ctx context.Context, req any) (any, error) {
			if m, ok := req.(proto.Message); ok {
				if err := v.check(m); err != nil {
					return nil, err
				}
				v.boundPage(m.ProtoReflect())
			}
			return next(ctx, req)
		}
	}
}

// boundPage takes a larger page, or the default where that is larger, as the largest one: who asks for more gets what there is to
// get, and a token for the rest.
func (v *validation) boundPage(m protoreflect.Message) {
	fd := m.Descriptor().Fields().ByName("page_size")
	if fd == nil || fd.Kind() != protoreflect.Int32Kind {
		return
	}
	if asked := m.Get(fd).Int(); asked > v.maxPage || asked == 0 && page.DefaultSize > v.maxPage {
		m.Set(fd, protoreflect.ValueOfInt32(int32(v.maxPage)))
	}
}

func (v *validation) check(m proto.Message) error {
	if err := cleanText(m.ProtoReflect(), ""); err != nil {
		return err
	}
	err := v.rules.Validate(m)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok || len(broken.Violations) == 0 {
		return fmt.Errorf("validate %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	first := broken.Violations[0].Proto
	field := protovalidate.FieldPathString(first.GetField())
	if field == "" {
		field = "request"
	}
	return fault.Validator(field, first.GetMessage()).WithCause(err)
}

// cleanText refuses NUL, which databases and terminals disagree about, and the characters that turn the direction of
// text around, which make one thing look like another. It returns the first field that has one.
func cleanText(m protoreflect.Message, path string) (bad error) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(fd.Name())
		if path != "" {
			name = path + "." + name
		}
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, mv protoreflect.Value) bool {
				if fd.MapKey().Kind() == protoreflect.StringKind {
					bad = cleanString(k.String(), name)
				}
				if bad == nil {
					bad = cleanValue(fd.MapValue(), mv, fmt.Sprintf("%s[%q]", name, k.String()))
				}
				return bad == nil
			})
		case fd.IsList():
			if !textual(fd) {
				return true
			}
			for i := range v.List().Len() {
				if bad = cleanValue(fd, v.List().Get(i), fmt.Sprintf("%s[%d]", name, i)); bad != nil {
					break
				}
			}
		default:
			bad = cleanValue(fd, v, name)
		}
		return bad == nil
	})
	return bad
}

func textual(fd protoreflect.FieldDescriptor) bool {
	return fd.Kind() == protoreflect.StringKind || fd.Message() != nil
}

func cleanValue(fd protoreflect.FieldDescriptor, v protoreflect.Value, path string) error {
	switch {
	case fd.Kind() == protoreflect.StringKind:
		return cleanString(v.String(), path)
	case fd.Message() != nil:
		return cleanText(v.Message(), path)
	}
	return nil
}

func cleanString(s, path string) error {
	if i := strings.IndexFunc(s, forbidden); i >= 0 {
		return fault.Validator(path, "holds a control character that is not allowed (NUL, change of text direction): remove it")
	}
	return nil
}

func forbidden(r rune) bool {
	switch {
	case r == 0, r == 0x061C, r == 0x200E, r == 0x200F:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}
