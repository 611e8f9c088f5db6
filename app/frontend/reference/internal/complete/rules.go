package complete

import (
	"fmt"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func rulesOf(fd protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// constrain writes a field's rules into its schema.
func constrain(schema object, fd protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	if !schema.exists() {
		return
	}
	if fd.IsList() {
		if r := rules.GetRepeated(); r != nil {
			if r.MinItems != nil {
				schema.setInt("minItems", int64(r.GetMinItems()))
			}
			if r.MaxItems != nil {
				schema.setInt("maxItems", int64(r.GetMaxItems()))
			}
			if r.GetUnique() {
				schema.setBool("uniqueItems", true)
			}
		}
		constrainValue(schema.at("items"), fd, rules.GetRepeated().GetItems())
		return
	}
	if fd.IsMap() {
		if r := rules.GetMap(); r != nil {
			if r.MinPairs != nil {
				schema.setInt("minProperties", int64(r.GetMinPairs()))
			}
			if r.MaxPairs != nil {
				schema.setInt("maxProperties", int64(r.GetMaxPairs()))
			}
		}
		constrainValue(schema.at("additionalProperties"), fd.MapValue(), rules.GetMap().GetValues())
		return
	}
	constrainValue(schema, fd, rules)
	for _, cel := range rules.GetCel() {
		schema.describe(sentence(cel.GetMessage()))
	}
}

func constrainValue(schema object, fd protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	if !schema.exists() {
		return
	}
	switch fd.Kind() {
	case protoreflect.StringKind:
		constrainString(schema, rules.GetString())
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		// JSON numbers lose digits above 2^53, so 64-bit integers travel as text; numbers are taken too when reading.
		schema.setText("type", "string")
		schema.setText("format", "int64")
		schema.setText("pattern", "^-?[0-9]{1,19}$")
		if said := rangeInWords(bounds(rules)); said != "" {
			schema.describe(said)
		}
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind,
		protoreflect.FloatKind, protoreflect.DoubleKind:
		constrainNumber(schema, bounds(rules))
	case protoreflect.EnumKind:
		constrainEnum(schema, fd, rules.GetEnum())
	}
}

func constrainString(schema object, r *validate.StringRules) {
	if r == nil {
		return
	}
	if r.Len != nil {
		schema.setInt("minLength", int64(r.GetLen()))
		schema.setInt("maxLength", int64(r.GetLen()))
	}
	if r.MinLen != nil {
		schema.setInt("minLength", int64(r.GetMinLen()))
	}
	if r.MaxLen != nil {
		schema.setInt("maxLength", int64(r.GetMaxLen()))
	}
	if r.Pattern != nil {
		schema.setText("pattern", r.GetPattern())
	}
	if len(r.GetIn()) > 0 {
		schema.set("enum", texts(r.GetIn()))
	}
	switch {
	case r.GetEmail():
		schema.setText("format", "email")
	case r.GetUuid():
		schema.setText("format", "uuid")
	case r.GetUri():
		schema.setText("format", "uri")
	case r.GetHostname():
		schema.setText("format", "hostname")
	}
}

// limits of a number, as text, empty when there is none.
type limits struct {
	gt, gte, lt, lte string
	in, notIn        []string
}

// bounds reads the rules of any numeric type: all of them have the same names.
func bounds(rules *validate.FieldRules) (l limits) {
	if rules == nil {
		return l
	}
	m := rules.ProtoReflect()
	of := m.WhichOneof(m.Descriptor().Oneofs().ByName("type"))
	if of == nil {
		return l
	}
	typed := m.Get(of).Message()
	one := func(name protoreflect.Name) string {
		if fd := typed.Descriptor().Fields().ByName(name); fd != nil && typed.Has(fd) {
			return typed.Get(fd).String()
		}
		return ""
	}
	many := func(name protoreflect.Name) (all []string) {
		fd := typed.Descriptor().Fields().ByName(name)
		if fd == nil || !fd.IsList() {
			return nil
		}
		values := typed.Get(fd).List()
		for i := range values.Len() {
			all = append(all, values.Get(i).String())
		}
		return all
	}
	return limits{one("gt"), one("gte"), one("lt"), one("lte"), many("in"), many("not_in")}
}

func constrainNumber(schema object, l limits) {
	switch {
	case l.gte != "":
		schema.setNumber("minimum", l.gte)
	case l.gt != "":
		schema.setNumber("minimum", l.gt)
		schema.setBool("exclusiveMinimum", true)
	}
	switch {
	case l.lte != "":
		schema.setNumber("maximum", l.lte)
	case l.lt != "":
		schema.setNumber("maximum", l.lt)
		schema.setBool("exclusiveMaximum", true)
	}
	if said := rangeInWords(limits{in: l.in, notIn: l.notIn}); said != "" {
		schema.describe(said)
	}
}

func rangeInWords(l limits) string {
	var said []string
	switch {
	case l.gte != "":
		said = append(said, "at least "+l.gte)
	case l.gt != "":
		said = append(said, "above "+l.gt)
	}
	switch {
	case l.lte != "":
		said = append(said, "at most "+l.lte)
	case l.lt != "":
		said = append(said, "below "+l.lt)
	}
	if len(l.in) > 0 {
		said = append(said, "one of "+strings.Join(l.in, ", "))
	}
	if len(l.notIn) > 0 {
		said = append(said, "not "+strings.Join(l.notIn, ", "))
	}
	return sentence(strings.Join(said, ", "))
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// constrainEnum takes the values that are refused out of the list.
func constrainEnum(schema object, fd protoreflect.FieldDescriptor, r *validate.EnumRules) {
	schema.delete("format") // "enum" is no format
	if r == nil || !schema.at("enum").exists() {
		return
	}
	refused := map[int32]bool{}
	for _, n := range r.GetNotIn() {
		refused[n] = true
	}
	var left []string
	for i := range fd.Enum().Values().Len() {
		if v := fd.Enum().Values().Get(i); !refused[int32(v.Number())] {
			left = append(left, string(v.Name()))
		}
	}
	schema.set("enum", texts(left))
}

// needed says whether a message without this field breaks its rules.
func needed(fd protoreflect.FieldDescriptor) bool {
	rules := rulesOf(fd)
	if rules == nil || fd.ContainingOneof() != nil && !rules.GetRequired() {
		return false
	}
	if rules.GetRequired() {
		return true
	}
	if rules.GetIgnore() == validate.Ignore_IGNORE_ALWAYS || rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE {
		return false
	}
	if fd.IsList() {
		return rules.GetRepeated().GetMinItems() > 0
	}
	if fd.IsMap() {
		return rules.GetMap().GetMinPairs() > 0
	}
	if s := rules.GetString(); s != nil {
		return s.GetMinLen() > 0 || s.GetLen() > 0
	}
	l := bounds(rules)
	for _, n := range l.notIn {
		if n == "0" {
			return true
		}
	}
	gt, errGT := strconv.ParseFloat(l.gt, 64)
	gte, errGTE := strconv.ParseFloat(l.gte, 64)
	return errGT == nil && gt >= 0 || errGTE == nil && gte > 0
}

// alternatives writes the oneofs of a message: at most one member may be there, or exactly one.
func alternatives(schema object, md protoreflect.MessageDescriptor) {
	for i := range md.Oneofs().Len() {
		of := md.Oneofs().Get(i)
		if of.IsSynthetic() {
			continue
		}
		var names []string
		for j := range of.Fields().Len() {
			names = append(names, string(of.Fields().Get(j).Name()))
		}
		rules, _ := proto.GetExtension(of.Options(), validate.E_Oneof).(*validate.OneofRules)
		word, keyword := "At most", "anyOf"
		options := newObject()
		if rules.GetRequired() {
			word, keyword = "Exactly", "oneOf"
		}
		schema.describe(fmt.Sprintf("%s one of %s.", word, strings.Join(names, ", ")))
		var required []object
		for _, name := range names {
			o := newObject()
			o.set("required", texts([]string{name}))
			required = append(required, o)
		}
		all := list()
		for _, o := range required {
			all.Content = append(all.Content, o.Node)
		}
		if keyword == "anyOf" { // at most one: exactly one, or none at all
			none, has := newObject(), list()
			for _, name := range names {
				o := newObject()
				o.set("required", texts([]string{name}))
				has.Content = append(has.Content, o.Node)
			}
			any := newObject()
			any.set("anyOf", has)
			none.set("not", any.Node)
			all.Content = append(all.Content, none.Node)
		}
		options.set("oneOf", all)
		both := schema.get("allOf")
		if both == nil {
			both = list()
			schema.set("allOf", both)
		}
		both.Content = append(both.Content, options.Node)
	}
}
