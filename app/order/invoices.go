package order

import (
	"fmt"
	"net/http"
	"time"

	"github.com/onepool/onepool/app/internal/conf"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/server"
	"github.com/onepool/onepool/app/order/internal/biz"
	"github.com/onepool/onepool/app/order/internal/data"
	"github.com/onepool/onepool/app/order/internal/data/invoicing"
)

const (
	// issuing is the name of questions to the sandbox issuer in metrics and logs.
	issuing = "/onepool.order.v1.Invoices/SandboxIssuer"
	// sandboxApp is what the sandbox knows the platform as.
	sandboxApp = "onepool"
)

// invoiceIssuer reads the issuer that is configured; nil: nobody. An error names what is wrong.
func invoiceIssuer(c *conf.Invoices) (*invoicing.Config, error) {
	if c.GetGateway() == "" {
		return nil, nil
	}
	if err := invoicing.CheckGateway(c.GetGateway()); err != nil {
		return nil, fmt.Errorf("invoices: %w", err)
	}
	out := &invoicing.Config{Gateway: c.GetGateway, App: c.GetApp(), Timeout: time.Duration(c.GetTimeoutMs()) * time.Millisecond}
	if err := read(file{"key_file", c.GetKeyFile(), &out.Key}); err != nil {
		return nil, fmt.Errorf("invoices: %w", err)
	}
	return out, nil
}

// openIssuer opens the issuer of invoices: the sandbox, over HTTP as any other, or the configured one; nil: nobody.
func openIssuer(c Config, d Deps, db *database.DB) (biz.InvoiceIssuer, *invoicing.Sandbox, error) {
	var sandbox *invoicing.Sandbox
	with := d.Invoices
	if c.SandboxInvoices {
		sandbox = &invoicing.Sandbox{App: sandboxApp, Key: d.SandboxSecret, Books: data.NewInvoiceBooks(db), NowUS: db.Now}
		with = &invoicing.Config{Gateway: func() string { return d.PublicURL() + invoicing.SandboxPath }, App: sandboxApp, Key: d.SandboxSecret}
	}
	if with == nil {
		return nil, nil, nil
	}
	complete := *with
	complete.NowUS = db.Now
	issuer, err := invoicing.New(complete)
	if err != nil {
		return nil, nil, fmt.Errorf("order: %w", err)
	}
	return issuer, sandbox, nil
}

// registerIssuing puts the sandbox issuer on the process's server, if it is on.
func (c *Center) registerIssuing(r *server.Registrar) {
	if c.issuing == nil {
		return
	}
	r.Open(issuing) // the question's signature is its credential
	for _, action := range []string{invoicing.ActionIssue, invoicing.ActionRedden, invoicing.ActionQuery} {
		r.Raw(http.MethodPost, invoicing.SandboxPath+"/"+action, issuing, func(w http.ResponseWriter, req *http.Request) error {
			return c.issuing.Serve(action, w, req)
		})
	}
}
