package complete

import (
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"gopkg.in/yaml.v3"

	_ "github.com/onepool/onepool/api/inventory/v1"
)

const generated = `openapi: 3.0.3
info: {title: x, version: y}
paths:
  /v1/inventory/allocations/{document}:
    get:
      parameters:
        - {name: document, in: path, required: true, schema: {type: string}}
      responses:
        "200": {description: OK}
        default: {description: Default error response}
components:
  schemas:
    google.rpc.Status: {type: object}
`

// only keeps the descriptors of one service method: the others are not in the document above.
func only(t *testing.T) *protoregistry.Files {
	t.Helper()
	files := new(protoregistry.Files)
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		p := protodesc.ToFileDescriptorProto(f)
		for _, s := range p.GetService() {
			var kept []*descriptorpb.MethodDescriptorProto
			for _, m := range s.GetMethod() {
				if m.GetName() == "GetAllocation" {
					kept = append(kept, m)
				}
			}
			s.Method = kept
		}
		made, err := protodesc.NewFile(p, protoregistry.GlobalFiles)
		require.NoError(t, err)
		require.NoError(t, files.RegisterFile(made))
		return true
	})
	return files
}

func decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal(data, &m))
	return m
}

func TestAnOperationGetsItsReasonsRulesAndCredentials(t *testing.T) {
	out, err := Document([]byte(generated), only(t), About{Title: "T", Version: "1"})
	require.NoError(t, err)
	again, err := Document([]byte(generated), only(t), About{Title: "T", Version: "1"})
	require.NoError(t, err)
	require.Equal(t, string(out), string(again))

	m := decode(t, out)
	op := m["paths"].(map[string]any)["/v1/inventory/allocations/{document}"].(map[string]any)["get"].(map[string]any)
	schema := op["parameters"].([]any)[0].(map[string]any)["schema"].(map[string]any)
	require.Equal(t, 1, schema["minLength"])
	require.Equal(t, 64, schema["maxLength"])
	responses := op["responses"].(map[string]any)
	require.NotContains(t, responses, "default")
	require.Equal(t, map[string]any{"$ref": "#/components/responses/inventory-409"}, responses["409"])
	require.Equal(t, map[string]any{"$ref": "#/components/responses/common-401"}, responses["401"])
	require.NotContains(t, op, "security", "the document's own applies")
	components := m["components"].(map[string]any)
	require.Contains(t, components["responses"].(map[string]any)["inventory-409"].(map[string]any)["description"], "STOCK_INSUFFICIENT")
	require.Contains(t, components["responses"].(map[string]any)["inventory-409"].(map[string]any)["description"], "REQUEST_ID_REUSED")
	require.NotContains(t, components["schemas"], "google.rpc.Status")
	require.Equal(t, []any{"code", "reason", "message", "metadata"}, components["schemas"].(map[string]any)[errorSchema].(map[string]any)["required"])

	out, err = Document([]byte(generated), only(t), About{Open: []string{"/onepool.inventory.v1.Inventory/GetAllocation"}})
	require.NoError(t, err)
	op = decode(t, out)["paths"].(map[string]any)["/v1/inventory/allocations/{document}"].(map[string]any)["get"].(map[string]any)
	require.Equal(t, []any{}, op["security"])
	require.NotContains(t, op["responses"], "401")
}

func TestWhatTheDescriptorsAndTheDocumentDoNotBothHaveStopsIt(t *testing.T) {
	_, err := Document([]byte(strings.Replace(generated, "allocations/{document}", "elsewhere", 1)), only(t), About{})
	require.ErrorContains(t, err, "is not in the generated document")
	extra := strings.Replace(generated, "components:", "  /v1/extra:\n    get: {responses: {}}\ncomponents:", 1)
	_, err = Document([]byte(extra), only(t), About{})
	require.ErrorContains(t, err, "/v1/extra: no descriptor")
	_, err = Document(nil, only(t), About{})
	require.Error(t, err)
}

func rule(fd *descriptorpb.FieldDescriptorProto, r *validate.FieldRules) *descriptorpb.FieldDescriptorProto {
	fd.Options = &descriptorpb.FieldOptions{}
	proto.SetExtension(fd.Options, validate.E_Field, r)
	return fd
}

func field(name string, n int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
	return &descriptorpb.FieldDescriptorProto{
		Name: &name, Number: &n, Type: &kind, Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), JsonName: &name,
	}
}

// One message with each sort of rule.
func message(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	const text, i32, i64 = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_INT32, descriptorpb.FieldDescriptorProto_TYPE_INT64
	tags := rule(field("tags", 5, text), &validate.FieldRules{Type: &validate.FieldRules_Repeated{Repeated: &validate.RepeatedRules{
		MinItems: proto.Uint64(1), MaxItems: proto.Uint64(9), Unique: proto.Bool(true),
		Items: &validate.FieldRules{Type: &validate.FieldRules_String_{String_: &validate.StringRules{Len: proto.Uint64(4)}}},
	}}})
	tags.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	a, b := field("a", 6, text), field("b", 7, text)
	a.OneofIndex, b.OneofIndex = proto.Int32(0), proto.Int32(0)
	c, d := field("c", 8, text), field("d", 9, text)
	c.OneofIndex, d.OneofIndex = proto.Int32(1), proto.Int32(1)
	exactly := &descriptorpb.OneofDescriptorProto{Name: proto.String("exactly"), Options: &descriptorpb.OneofOptions{}}
	proto.SetExtension(exactly.Options, validate.E_Oneof, &validate.OneofRules{Required: proto.Bool(true)})
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("m.proto"), Package: proto.String("m"), Syntax: proto.String("proto3"), Dependency: []string{"buf/validate/validate.proto"},
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("M"),
			Field: []*descriptorpb.FieldDescriptorProto{
				rule(field("name", 1, text), &validate.FieldRules{Type: &validate.FieldRules_String_{String_: &validate.StringRules{MinLen: proto.Uint64(2), MaxLen: proto.Uint64(5), Pattern: proto.String("^x")}}}),
				rule(field("size", 2, i32), &validate.FieldRules{Type: &validate.FieldRules_Int32{Int32: &validate.Int32Rules{
					GreaterThan: &validate.Int32Rules_Gt{Gt: 0}, LessThan: &validate.Int32Rules_Lte{Lte: 7}}}}),
				rule(field("count", 3, i64), &validate.FieldRules{Type: &validate.FieldRules_Int64{Int64: &validate.Int64Rules{
					GreaterThan: &validate.Int64Rules_Gte{Gte: -5}, LessThan: &validate.Int64Rules_Lt{Lt: 1000000}, NotIn: []int64{0}}}}),
				field("free", 4, text), tags, a, b, c, d,
			},
			OneofDecl: []*descriptorpb.OneofDescriptorProto{exactly, {Name: proto.String("most")}},
		}},
	}, protoregistry.GlobalFiles)
	require.NoError(t, err)
	return file.Messages().Get(0)
}

func TestRulesBecomeSchema(t *testing.T) {
	md := message(t)
	got := map[string]map[string]any{}
	var required []string
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		o := newObject()
		if fd.IsList() {
			o.set("items", newObject().Node)
		}
		constrain(o, fd, rulesOf(fd))
		data, err := yaml.Marshal(o.Node)
		require.NoError(t, err)
		got[string(fd.Name())] = decode(t, data)
		if needed(fd) {
			required = append(required, string(fd.Name()))
		}
	}
	require.Equal(t, map[string]any{"minLength": 2, "maxLength": 5, "pattern": "^x"}, got["name"])
	require.EqualValues(t, map[string]any{"minimum": 0.0, "exclusiveMinimum": true, "maximum": 7.0}, floats(got["size"]))
	require.Equal(t, map[string]any{"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$", "description": "At least -5, below 1000000, not 0."}, got["count"])
	require.Empty(t, got["free"])
	require.Equal(t, map[string]any{"minItems": 1, "maxItems": 9, "uniqueItems": true, "items": map[string]any{"minLength": 4, "maxLength": 4}}, got["tags"])
	require.Equal(t, []string{"name", "size", "count", "tags"}, required)
}

func floats(m map[string]any) map[string]any {
	for k, v := range m {
		if n, ok := v.(int); ok {
			m[k] = float64(n)
		}
	}
	return m
}

func TestOneofs(t *testing.T) {
	o := newObject()
	alternatives(o, message(t))
	data, err := yaml.Marshal(o.Node)
	require.NoError(t, err)
	m := decode(t, data)
	require.Equal(t, "Exactly one of a, b. At most one of c, d.", m["description"])
	req := func(n string) any { return map[string]any{"required": []any{n}} }
	require.Equal(t, []any{
		map[string]any{"oneOf": []any{req("a"), req("b")}},
		map[string]any{"oneOf": []any{req("c"), req("d"), map[string]any{"not": map[string]any{"anyOf": []any{req("c"), req("d")}}}}},
	}, m["allOf"])
}

func TestRawRoutesAreInTheDocument(t *testing.T) {
	out, err := Document([]byte(generated), only(t), About{Raw: []byte("/healthz: {get: {security: [], responses: {\"200\": {description: OK}}}}")})
	require.NoError(t, err)
	paths := decode(t, out)["paths"].(map[string]any)
	require.Contains(t, paths, "/healthz")
	require.Len(t, paths, 2)

	for name, bad := range map[string]string{
		"twice":   "/v1/inventory/allocations/{document}: {get: {}}",
		"dangles": "/x: {get: {responses: {\"400\": {$ref: '#/components/responses/nowhere-400'}}}}",
		"no YAML": "{",
	} {
		_, err := Document([]byte(generated), only(t), About{Raw: []byte(bad)})
		require.ErrorContains(t, err, "raw routes", name)
	}
}
