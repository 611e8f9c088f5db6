package server

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// setField sets the field at path ("lines", "point.lat") from the text of parameters. Everything that has no exact
// meaning is an error: an unknown name, two values for one field, an empty number, a second member of a oneof.
func setField(m protoreflect.Message, path []string, values []string) error {
	for {
		fd := findField(m.Descriptor(), path[0])
		if fd == nil {
			return errors.New("unknown")
		}
		if len(path) > 1 {
			if fd.Message() == nil || fd.IsList() || fd.IsMap() {
				return errors.New("unknown")
			}
			m, path = m.Mutable(fd).Message(), path[1:]
			continue
		}
		if fd.IsMap() || fd.Message() != nil {
			return errors.New("cannot be a parameter")
		}
		if of := fd.ContainingOneof(); of != nil {
			if set := m.WhichOneof(of); set != nil && set != fd {
				return fmt.Errorf("not together with %q", set.Name())
			}
		}
		if fd.IsList() {
			list := m.Mutable(fd).List()
			for _, s := range values {
				v, err := parseScalar(fd, s)
				if err != nil {
					return err
				}
				list.Append(v)
			}
			return nil
		}
		if len(values) != 1 {
			return errors.New("given more than once")
		}
		v, err := parseScalar(fd, values[0])
		if err != nil {
			return err
		}
		m.Set(fd, v)
		return nil
	}
}

func findField(md protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByName(protoreflect.Name(name)); fd != nil {
		return fd
	}
	return md.Fields().ByJSONName(name)
}

var (
	errInteger = errors.New("is not an integer of this size")
	errNumber  = errors.New("is not a number")
)

func parseScalar(fd protoreflect.FieldDescriptor, s string) (protoreflect.Value, error) {
	none := protoreflect.Value{}
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(s), nil
	case protoreflect.BoolKind:
		switch s {
		case "true":
			return protoreflect.ValueOfBool(true), nil
		case "false":
			return protoreflect.ValueOfBool(false), nil
		}
		return none, errors.New("is neither true nor false")
	case protoreflect.EnumKind:
		if v := fd.Enum().Values().ByName(protoreflect.Name(s)); v != nil {
			return protoreflect.ValueOfEnum(v.Number()), nil
		}
		return none, fmt.Errorf("%q is none of its values", shorten(s))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return none, errInteger
		}
		return protoreflect.ValueOfInt32(int32(n)), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return none, errInteger
		}
		return protoreflect.ValueOfInt64(n), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return none, errInteger
		}
		return protoreflect.ValueOfUint32(uint32(n)), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return none, errInteger
		}
		return protoreflect.ValueOfUint64(n), nil
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return none, errNumber
		}
		if fd.Kind() == protoreflect.FloatKind {
			return protoreflect.ValueOfFloat32(float32(f)), nil
		}
		return protoreflect.ValueOfFloat64(f), nil
	case protoreflect.BytesKind:
		b, err := base64.URLEncoding.DecodeString(s)
		if err != nil {
			return none, errors.New("is not base64")
		}
		return protoreflect.ValueOfBytes(b), nil
	}
	return none, errors.New("cannot be a parameter")
}
