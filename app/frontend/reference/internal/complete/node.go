package complete

import (
	"strconv"

	"gopkg.in/yaml.v3"
)

// object is a YAML mapping that keeps the order of its keys, so that the document is the same for the same protos.
type object struct{ *yaml.Node }

func newObject() object { return object{&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}} }

func (o object) get(key string) *yaml.Node {
	if o.Node == nil || o.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(o.Content); i += 2 {
		if o.Content[i].Value == key {
			return o.Content[i+1]
		}
	}
	return nil
}

// at follows a path of keys; the result may be empty.
func (o object) at(keys ...string) object {
	for _, k := range keys {
		o = object{o.get(k)}
	}
	return o
}

func (o object) exists() bool { return o.Node != nil }

func (o object) keys() []string {
	if o.Node == nil {
		return nil
	}
	var all []string
	for i := 0; i+1 < len(o.Content); i += 2 {
		all = append(all, o.Content[i].Value)
	}
	return all
}

func (o object) set(key string, value *yaml.Node) {
	for i := 0; i+1 < len(o.Content); i += 2 {
		if o.Content[i].Value == key {
			o.Content[i+1] = value
			return
		}
	}
	o.Content = append(o.Content, text(key), value)
}

func (o object) delete(key string) {
	for i := 0; i+1 < len(o.Content); i += 2 {
		if o.Content[i].Value == key {
			o.Content = append(o.Content[:i], o.Content[i+2:]...)
			return
		}
	}
}

func (o object) setText(key, value string) { o.set(key, text(value)) }
func (o object) setInt(key string, n int64) {
	o.set(key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(n, 10)})
}
func (o object) setNumber(key, n string) {
	o.set(key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: n})
}
func (o object) setBool(key string, b bool) {
	o.set(key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(b)})
}

// describe appends a sentence to the description.
func (o object) describe(sentence string) {
	if d := o.get("description"); d != nil && d.Value != "" {
		sentence = d.Value + " " + sentence
	}
	o.setText("description", sentence)
}

func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func texts(all []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, s := range all {
		n.Content = append(n.Content, text(s))
	}
	return n
}

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

func ref(path string) object {
	o := newObject()
	o.setText("$ref", path)
	return o
}
