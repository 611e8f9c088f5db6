package command

import (
	"context"

	"github.com/onepool/onepool/app/internal/database"
)

// Find returns the intent that an earlier call with the same request id made, or nil: whoever freezes facts of other
// centers into the payload asks for them only when there is none. Another body under the same id is refused.
func Find(ctx context.Context, db *database.DB, method string, req Request) (*Intent, error) {
	id, err := identify(ctx, method, req)
	if err != nil {
		return nil, err
	}
	return id.intent(ctx, db)
}
