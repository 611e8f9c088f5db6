package service

import (
	"context"
	"net/http"

	"github.com/gorilla/mux"

	rebatev1 "github.com/onepool/onepool/api/rebate/v1"
	"github.com/onepool/onepool/app/internal/command"
	"github.com/onepool/onepool/app/internal/database"
	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/page"
	"github.com/onepool/onepool/app/rebate/internal/biz"
	"github.com/onepool/onepool/app/rebate/internal/data"
)

// DownloadPath is where a month's statements are downloaded, DownloadOperation its name.
const (
	DownloadPath      = "/v1/rebate/statements/{period}/download"
	DownloadOperation = "/onepool.rebate.v1.Rebate/DownloadStatements"
)

// ListStatements pages through the payees' statements of a month.
func (s *Rebate) ListStatements(ctx context.Context, req *rebatev1.ListStatementsRequest) (*rebatev1.ListStatementsResponse, error) {
	if err := requireReader(ctx); err != nil {
		return nil, err
	}
	var out *rebatev1.ListStatementsResponse
	err := s.db.InSnapshot(ctx, func(ctx context.Context) (err error) {
		out, err = s.statements(ctx, req)
		return err
	})
	return out, err
}

func (s *Rebate) statements(ctx context.Context, req *rebatev1.ListStatementsRequest) (*rebatev1.ListStatementsResponse, error) {
	month, err := s.month(ctx, req.GetPeriod())
	if err != nil {
		return nil, err
	}
	query := page.Query(rebatev1.Rebate_ListStatements_FullMethodName, month.Name, whose(ctx))
	after, err := s.after(req.GetPageToken(), query, 4)
	if err != nil {
		return nil, err
	}
	size := page.Size(req.GetPageSize())
	list, err := s.ledger.List(ctx, month, "", biz.Payee{Org: after[0], Code: after[1], Role: biz.Role(after[2]), Currency: after[3]}, size+1)
	if err != nil {
		return nil, err
	}
	out := &rebatev1.ListStatementsResponse{}
	if len(list) > size {
		list = list[:size]
		last := list[size-1]
		out.NextPageToken = page.Encode(s.pages, query, last.Org, last.Code, string(last.Role), last.Currency)
	}
	for _, statement := range list {
		wire, err := fromStatement(statement)
		if err != nil {
			return nil, err
		}
		out.Statements = append(out.Statements, wire)
	}
	return out, nil
}

func (s *Rebate) month(ctx context.Context, name string) (data.Month, error) {
	period, err := biz.ParsePeriod(name, s.zone)
	if err != nil {
		return data.Month{}, err
	}
	return s.ledger.Month(ctx, period)
}

// CloseStatements closes a month that has ended, and the empty ones before it.
func (s *Rebate) CloseStatements(ctx context.Context, req *rebatev1.CloseStatementsRequest) (*rebatev1.ListStatementsResponse, error) {
	if err := requireHQ(ctx, "admin", "finance"); err != nil {
		return nil, err
	}
	target, err := biz.ParsePeriod(req.GetPeriod(), s.zone)
	if err != nil {
		return nil, err
	}
	return command.Local[struct{}, *rebatev1.ListStatementsResponse]{
		Method: rebatev1.Rebate_CloseStatements_FullMethodName, Request: req, Public: publicClose,
		Decide: func(ctx context.Context, _ struct{}) (*rebatev1.ListStatementsResponse, error) {
			inner := asCenter(ctx)
			now, err := s.db.Now(inner)
			if err != nil {
				return nil, err
			}
			last, oldest, err := s.ledger.Open(inner)
			if err != nil {
				return nil, err
			}
			months, err := biz.ToClose(target, last, oldest, now, s.zone)
			if err != nil {
				return nil, err
			}
			if err := s.ledger.Close(inner, months, now); err != nil {
				return nil, err
			}
			// As the caller: the page token is the caller's.
			return s.statements(ctx, &rebatev1.ListStatementsRequest{Period: target.Name, PageSize: page.MaxSize})
		},
	}.Run(ctx, s.db)
}

// publicClose: of two that close the same month at once, the second finds it closed when it tries again.
func publicClose(err error) error {
	if database.IsUniqueViolation(err) {
		return fault.InProgress().WithCause(err)
	}
	return fault.Public(err)
}

// Download writes a month's statements as CSV.
func (s *Rebate) Download(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := requireReader(ctx); err != nil {
		return err
	}
	for parameter := range r.URL.Query() {
		if parameter != "payee_org" {
			return fault.Codec("unknown parameter " + parameter)
		}
	}
	payeeOrg := r.URL.Query().Get("payee_org")
	return s.db.InSnapshot(ctx, func(ctx context.Context) error {
		month, err := s.month(ctx, mux.Vars(r)["period"])
		if err != nil {
			return err
		}
		var list []biz.Statement
		for after := (biz.Payee{}); ; after = list[len(list)-1].Payee {
			part, err := s.ledger.List(ctx, month, payeeOrg, after, page.MaxSize)
			if err != nil {
				return err
			}
			list = append(list, part...)
			if len(part) < page.MaxSize {
				break
			}
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="rebate-`+month.Name+`.csv"`)
		w.Header().Set("Cache-Control", "no-store")
		sheet := newSheet(w, month.Name, s.zone, list)
		if err := s.ledger.Entries(ctx, month, payeeOrg, sheet.entry); err != nil {
			return err
		}
		return sheet.finish()
	})
}
