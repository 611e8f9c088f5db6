package wire

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/internal/batch"
)

func TestAnswerSaysEverythingOfTheResult(t *testing.T) {
	got := ImportResult(batch.Result{Created: 1, Updated: 2, Unchanged: 3, Errors: []batch.RowError{
		{Line: 7, Refusal: batch.Refusal{Reason: "DUPLICATE", Field: "code", Message: "line 3 has it"}},
	}})
	require.Equal(t, []int64{1, 2, 3}, []int64{got.Created, got.Updated, got.Unchanged})
	require.Len(t, got.Errors, 1)
	require.Equal(t, int64(7), got.Errors[0].Line)
	require.Equal(t, []string{"DUPLICATE", "code", "line 3 has it"}, []string{got.Errors[0].Reason, got.Errors[0].Field, got.Errors[0].Message})
}
