// Package conf reads the configuration once, at start, and refuses what is wrong by the name of its key.
//
// Layers, the later one wins: the embedded defaults (of which --demo adds one), a YAML file, the environment, the
// caller's overrides (flags).
// An unknown key is an error in every layer: a misspelt one must not silently leave the default in force.
package conf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	kconfig "github.com/go-kratos/kratos/v2/config"
	"github.com/go-kratos/kratos/v2/config/file"
	_ "github.com/go-kratos/kratos/v2/encoding/json" // codec of the environment layer
	_ "github.com/go-kratos/kratos/v2/encoding/yaml" // codec of the files
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/onepool/onepool/app/internal/money"
)

const envPrefix = "ONEPOOL_"

// Load reads defaults (YAML, the later one wins), then the file at path unless it is empty, then environ ("KEY=value"
// entries), then overrides: dotted keys such as "server.http".
func Load(defaults [][]byte, path string, environ []string, overrides map[string]string) (*Config, error) {
	var sources []kconfig.Source
	for _, layer := range defaults {
		sources = append(sources, literal{&kconfig.KeyValue{Key: "defaults", Format: "yaml", Value: layer}})
	}
	if path != "" {
		read, err := file.NewSource(path).Load()
		if err != nil {
			return nil, fmt.Errorf("configuration file: %w", err)
		}
		for _, kv := range read {
			sources = append(sources, literal{kv})
		}
	}
	for _, layer := range []map[string]string{fromEnvironment(environ), overrides} {
		kv, err := nested(layer)
		if err != nil {
			return nil, err
		}
		sources = append(sources, literal{kv})
	}
	c := kconfig.New(kconfig.WithSource(sources...))
	defer c.Close()
	if err := c.Load(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var merged map[string]any
	if err := c.Scan(&merged); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	raw, err := json.Marshal(merged)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	cfg := &Config{}
	if err := protojson.Unmarshal(raw, cfg); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return cfg, cfg.Check()
}

// Check refuses a configuration that cannot work, naming the key.
func (c *Config) Check() error {
	for name, missing := range map[string]bool{
		"server": c.Server == nil, "storage": c.Storage == nil, "coordinator": c.Coordinator == nil, "discovery": c.Discovery == nil,
		"security": c.Security == nil, "limits": c.Limits == nil, "trade": c.Trade == nil, "points": c.Points == nil,
		"sandbox": c.Sandbox == nil, "observe": c.Observe == nil,
	} {
		if missing {
			return fmt.Errorf("configuration: %s is missing", name)
		}
	}
	if err := protovalidate.Validate(c); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if c.Storage.Engine == "mysql" && !strings.Contains(c.Storage.Dsn, "{center}") {
		return fmt.Errorf("configuration: storage.dsn must hold {center} when storage.engine is mysql")
	}
	if c.Coordinator.Mode == "external" && c.Coordinator.Address == "" {
		return fmt.Errorf("configuration: coordinator.address is needed when coordinator.mode is external")
	}
	if c.Discovery.Mode == "consul" && c.Discovery.Consul == "" {
		return fmt.Errorf("configuration: discovery.consul is needed when discovery.mode is consul")
	}
	if _, err := time.LoadLocation(c.Trade.Timezone); err != nil || c.Trade.Timezone == "Local" {
		return fmt.Errorf("configuration: trade.timezone: %q is no IANA time zone such as Asia/Shanghai", c.Trade.Timezone)
	}
	if _, known := money.Exponent(c.Trade.Currency); !known {
		return fmt.Errorf("configuration: trade.currency: %q is unknown", c.Trade.Currency)
	}
	for key, address := range map[string]string{
		"server.http": c.Server.Http, "server.grpc": c.Server.Grpc, "server.branch": c.Server.Branch,
		"coordinator.address": c.Coordinator.Address, "discovery.consul": c.Discovery.Consul, "observe.otlp": c.Observe.Otlp,
	} {
		if _, port, err := net.SplitHostPort(address); address != "" && (err != nil || port == "") {
			return fmt.Errorf("configuration: %s: %q is not host:port", key, address)
		}
	}
	return nil
}

// DSNOf is the data source name of one center's own database.
func (s *Storage) DSNOf(center string) string {
	return strings.ReplaceAll(s.GetDsn(), "{center}", center)
}

func fromEnvironment(environ []string) map[string]string {
	layer := map[string]string{}
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		name, ok := strings.CutPrefix(key, envPrefix)
		if !ok || !strings.Contains(name, "__") {
			continue
		}
		layer[strings.ToLower(strings.ReplaceAll(name, "__", "."))] = value
	}
	return layer
}

// nested turns dotted keys into a JSON layer. "true" and "false" become booleans; numbers stay text, which the proto
// mapping reads as numbers.
func nested(layer map[string]string) (*kconfig.KeyValue, error) {
	root := map[string]any{}
	for key, value := range layer {
		at := root
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		var v any = value
		if value == "true" || value == "false" {
			v = value == "true"
		}
		at[parts[len(parts)-1]] = v
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(root); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return &kconfig.KeyValue{Key: "layer", Format: "json", Value: out.Bytes()}, nil
}

// literal is a source of one value that never changes.
type literal struct{ kv *kconfig.KeyValue }

func (l literal) Load() ([]*kconfig.KeyValue, error) { return []*kconfig.KeyValue{l.kv}, nil }
func (literal) Watch() (kconfig.Watcher, error)      { return still{}, nil }

// still is a watch that sees nothing and never ends: the library would report its end from a goroutine of its own, through
// a logger that the process is just replacing. What is left of a Load are a few goroutines that sleep.
type still struct{}

func (still) Next() ([]*kconfig.KeyValue, error) { select {} }
func (still) Stop() error                        { return nil }
