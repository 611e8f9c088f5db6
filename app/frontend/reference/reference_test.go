package reference

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func doc(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, yaml.Unmarshal(Document(), &m))
	return m
}

func walk(path string, v any, visit func(path string, m map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(path, v)
		for k, c := range v {
			walk(path+"/"+k, c, visit)
		}
	case []any:
		for i, c := range v {
			walk(fmt.Sprintf("%s/%d", path, i), c, visit)
		}
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	m := doc(t)
	refs := 0
	walk("", m, func(path string, o map[string]any) {
		r, ok := o["$ref"].(string)
		if !ok {
			return
		}
		refs++
		var at any = m
		for _, key := range strings.Split(strings.TrimPrefix(r, "#/"), "/") {
			next, ok := at.(map[string]any)
			require.True(t, ok, "%s: %s", path, r)
			at, ok = next[key]
			require.True(t, ok, "%s: %s", path, r)
		}
	})
	require.Greater(t, refs, 100)
}

// raw are the routes that are no methods: each answers what its own handler does.
var raw = []string{"/healthz", "/readyz", "/metrics", "/v1/about", "/v1/rebate/statements/{period}/download", "/v1/order/payments/sandbox/notify"}

func TestEveryOperationSaysWhatMayGoWrong(t *testing.T) {
	operations := 0
	paths := doc(t)["paths"].(map[string]any)
	for _, path := range raw {
		require.Contains(t, paths, path)
		delete(paths, path)
	}
	for path, verbs := range paths {
		for verb, op := range verbs.(map[string]any) {
			operations++
			responses := op.(map[string]any)["responses"].(map[string]any)
			for _, code := range []string{"200", "400", "403", "404", "409", "429", "500", "503", "504"} {
				require.Contains(t, responses, code, "%s %s", verb, path)
			}
			security, has := op.(map[string]any)["security"].([]any)
			if !has || len(security) > 0 {
				require.Contains(t, responses, "401", "%s %s", verb, path)
			}
		}
	}
	require.Greater(t, operations, 50)
}

func TestEveryVariableOfAPathIsAParameter(t *testing.T) {
	variable := regexp.MustCompile(`\{([^}]+)\}`)
	for path, verbs := range doc(t)["paths"].(map[string]any) {
		for verb, op := range verbs.(map[string]any) {
			declared := map[string]bool{}
			parameters, _ := op.(map[string]any)["parameters"].([]any)
			for _, p := range parameters {
				if p := p.(map[string]any); p["in"] == "path" {
					declared[p["name"].(string)] = true
				}
			}
			for _, v := range variable.FindAllStringSubmatch(path, -1) {
				require.True(t, declared[v[1]], "%s %s: %s", verb, path, v[1])
			}
		}
	}
}

func TestThePageNeedsNoOtherHost(t *testing.T) {
	require.NotRegexp(t, `(src|href)="(https?:)?//`, string(page))
	require.Contains(t, string(page), `load-fonts="false"`)
	require.Contains(t, string(page), `spec-url="/openapi.yaml"`)
	require.Greater(t, len(viewer), 100_000)
}
