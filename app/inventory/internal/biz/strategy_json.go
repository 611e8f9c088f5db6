package biz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// decode reads one JSON value strictly: names are exact and occur once, nothing is unknown, nothing follows.
func decode(field string, raw []byte, into any) error {
	if len(raw) > MaxRulesetBytes {
		return Invalid{at(field), fmt.Sprintf("must have at most %d bytes", MaxRulesetBytes)}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := exact(d, field, reflect.TypeOf(into), 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Invalid{at(field), "must be one JSON value"}
	}
	d = json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind):
		return Invalid{join(field, kind.Field), "must not be a " + kind.Value}
	}
	return Invalid{at(field), "is no valid JSON: " + err.Error()}
}

func at(field string) string {
	if field == "" {
		return "body"
	}
	return field
}

func join(field, name string) string {
	if field == "" || name == "" {
		return at(field + name)
	}
	return field + "." + name
}

// exact walks a value beside the type that takes it: encoding/json would take a name in other letters, and the last of two
// equal names, and does not say where an unknown one is.
func exact(d *json.Decoder, field string, of reflect.Type, depth int) error {
	if depth > 20 {
		return Invalid{at(field), "is nested too deep"}
	}
	for of != nil && of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	t, err := d.Token()
	if err != nil {
		return Invalid{at(field), "is no valid JSON"}
	}
	switch t {
	case json.Delim('{'):
		return exactObject(d, field, of, depth)
	case json.Delim('['):
		of = elemOf(of)
		for i := 0; d.More(); i++ {
			if err := exact(d, fmt.Sprintf("%s[%d]", field, i), of, depth+1); err != nil {
				return err
			}
		}
		if _, err = d.Token(); err != nil {
			return Invalid{at(field), "is no valid JSON"}
		}
	}
	return nil
}

func exactObject(d *json.Decoder, field string, of reflect.Type, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return Invalid{at(field), "is no valid JSON"}
		}
		if seen[name] {
			return Invalid{join(field, name), "occurs twice"}
		}
		seen[name] = true
		next, known := fieldOf(of, name)
		if !known {
			return Invalid{join(field, name), "is not known here"}
		}
		if err := exact(d, join(field, name), next, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return Invalid{at(field), "is no valid JSON"}
	}
	return nil
}

func elemOf(of reflect.Type) reflect.Type {
	if of != nil && of != rawType && (of.Kind() == reflect.Slice || of.Kind() == reflect.Array) {
		return of.Elem()
	}
	return nil
}

var rawType = reflect.TypeFor[json.RawMessage]()

// fieldOf is the type of a field by its JSON name; nil: anything.
func fieldOf(of reflect.Type, name string) (reflect.Type, bool) {
	if of == nil || of.Kind() != reflect.Struct {
		return nil, true
	}
	for i := range of.NumField() {
		if tag, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ","); tag != "" && tag == name {
			return of.Field(i).Type, true
		}
	}
	return nil, false
}
