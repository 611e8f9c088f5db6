// Package wire is the protobuf form of package batch, which itself stays free of it so that biz packages can use it.
package wire

import (
	commonv1 "github.com/onepool/onepool/api/common/v1"
	"github.com/onepool/onepool/app/internal/batch"
)

// ImportResult is the answer that every import gives.
func ImportResult(r batch.Result) *commonv1.ImportResult {
	out := &commonv1.ImportResult{Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged}
	for _, e := range r.Errors {
		out.Errors = append(out.Errors, &commonv1.RowError{Line: e.Line, Reason: e.Reason, Field: e.Field, Message: e.Message})
	}
	return out
}
