package complete

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// addRaw adds the raw routes. One that a descriptor has too, or that refers to what is not there, stops the generation.
func (d *document) addRaw() error {
	if len(d.about.Raw) == 0 {
		return nil
	}
	var parsed yaml.Node
	if err := yaml.Unmarshal(d.about.Raw, &parsed); err != nil {
		return fmt.Errorf("read raw routes: %w", err)
	}
	routes, paths := object{parsed.Content[0]}, d.root.at("paths")
	plain(routes.Node)
	if err := d.resolve(routes.Node); err != nil {
		return fmt.Errorf("raw routes: %w", err)
	}
	for _, path := range routes.keys() {
		if paths.at(path).exists() {
			return fmt.Errorf("raw routes: %s is an operation already", path)
		}
		paths.set(path, routes.get(path))
	}
	sortByName(paths)
	return nil
}

// plain takes the layout of the hand-written file away: the document has one layout.
func plain(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind == yaml.ScalarNode {
		n.Style &= yaml.DoubleQuotedStyle
	} else if len(n.Content) > 0 {
		n.Style = 0
	}
	for _, child := range n.Content {
		plain(child)
	}
}

// resolve refuses a reference to a response that the document does not define.
func (d *document) resolve(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		if target := (object{n}).get("$ref"); target != nil {
			name, ok := strings.CutPrefix(target.Value, "#/components/responses/")
			if !ok || !d.root.at("components", "responses", name).exists() {
				return fmt.Errorf("%s is not in the document", target.Value)
			}
		}
	}
	for _, child := range n.Content {
		if err := d.resolve(child); err != nil {
			return err
		}
	}
	return nil
}
