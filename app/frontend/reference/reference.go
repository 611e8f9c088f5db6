// Package reference serves the description of the API and a page to read it, both without any other host: everything is in
// the binary.
//
// Always true:
//   - openapi.yaml is generated from the protos (scripts/generate-openapi.sh); nobody edits it.
//   - The page loads nothing from elsewhere: its policy forbids it, and the viewer's own fonts are off.
package reference

import (
	_ "embed"
	"net/http"

	"github.com/onepool/onepool/app/internal/process"
	"github.com/onepool/onepool/app/internal/server"
)

//go:embed openapi.yaml
var document []byte

//go:embed reference.html
var page []byte

// viewer is RapiDoc; scripts/fetch-reference-assets.sh says where from, assets/ holds its licences.
//
//go:embed assets/rapidoc-min.js
var viewer []byte

// Document is the OpenAPI description.
func Document() []byte { return document }

const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Door opens the module.
func Door() process.Door {
	return process.Frontend("reference", func(_ process.Deps, r *server.Registrar) { register(r) })
}

// register serves /openapi.yaml and /reference.
func register(r *server.Registrar) {
	for _, file := range []struct {
		path, operation, kind string
		data                  []byte
	}{
		{"/openapi.yaml", "openapi", "application/yaml; charset=utf-8", document},
		{"/reference", "reference", "text/html; charset=utf-8", page},
		{"/reference/rapidoc-min.js", "reference-viewer", "text/javascript; charset=utf-8", viewer},
	} {
		r.Open(file.operation)
		r.Raw(http.MethodGet, file.path, file.operation, func(w http.ResponseWriter, _ *http.Request) error {
			h := w.Header()
			h.Set("Content-Type", file.kind)
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "no-cache")
			_, err := w.Write(file.data)
			return err
		})
	}
}
