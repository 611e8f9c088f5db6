package importer

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onepool/onepool/app/onepool/internal/client"
)

// stockServer stands in for the inventory center's import: each request is answered by the next of its answers.
type stockServer struct {
	answers  []string // bodies; an empty one is 503
	requests []stockRequest
}

type stockRequest struct {
	RequestID string `json:"requestId"`
	Document  string `json:"document"`
	Rows      []struct {
		Line        string `json:"line"`
		Batch       string `json:"batch"`
		ProducedDay string `json:"producedDay"`
		ExpiresDay  string `json:"expiresDay"`
	} `json:"rows"`
}

func (s *stockServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req stockRequest
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &req)
	answer := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, req)
	w.Header().Set("Content-Type", "application/json")
	if answer == "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		answer = `{"code":503,"reason":"UNAVAILABLE","message":"come again"}`
	}
	_, _ = io.WriteString(w, answer)
}

func load(t *testing.T, s *stockServer, table string) (*Summary, error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	c, err := client.New(t.Context(), server.URL, "")
	require.NoError(t, err)
	return Run(t.Context(), c, Source{Kind: "stock", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(table)), nil }}, nil)
}

const table = "location_code,sku,on_hand\nS1,A,5\nS2,A,many\nS3,A,7\n"

func TestABatchWhoseAnswerWasLostIsTheSameRequestAgain(t *testing.T) {
	s := &stockServer{answers: []string{"", `{"created":"2"}`}}
	sum, err := load(t, s, table)
	require.NoError(t, err)
	require.EqualValues(t, 2, sum.Created)
	require.Len(t, s.requests, 2)
	require.NotEmpty(t, s.requests[0].RequestID)
	require.Equal(t, s.requests[0], s.requests[1])
	require.Len(t, sum.Errors, 1, "a cell that is no number is reported, and not sent")
	require.EqualValues(t, 3, sum.Errors[0].Line)
	require.Equal(t, "NUMBER_INVALID", sum.Errors[0].Reason)
}

func TestALocationThatIsOnItsWayIsAskedForAgain(t *testing.T) {
	s := &stockServer{answers: []string{
		`{"created":"1","errors":[{"line":"4","reason":"LOCATION_UNKNOWN","message":"no such location"}]}`, `{"created":"1"}`,
	}}
	sum, err := load(t, s, table)
	require.NoError(t, err)
	require.EqualValues(t, 2, sum.Created)
	require.Len(t, s.requests, 2)
	require.NotEqual(t, s.requests[0].RequestID, s.requests[1].RequestID, "a stored answer would stay the same")
	require.Len(t, s.requests[1].Rows, 1)
	require.Equal(t, "4", s.requests[1].Rows[0].Line)
}

func TestTheSameTableIsTheSameDocument(t *testing.T) {
	documents := map[string]bool{}
	for _, text := range []string{table, table, strings.ReplaceAll(table, "5", "6")} {
		s := &stockServer{answers: []string{`{"created":"2"}`}}
		_, err := load(t, s, text)
		require.NoError(t, err)
		documents[s.requests[0].Document] = true
	}
	require.Len(t, documents, 2)
}

func TestAStockTableNamesLotsWithTheirDates(t *testing.T) {
	s := &stockServer{answers: []string{`{"created":"2"}`}}
	sum, err := load(t, s, "location_code,sku,on_hand,batch,produced,expires\nS1,A,5,L-26A,2026-03-20,2099-09-20\nS1,A,2,,,\nS1,B,2,L-1,,20.09.2099\n")
	require.NoError(t, err)
	require.Len(t, s.requests[0].Rows, 2)
	lot := s.requests[0].Rows[0]
	require.Equal(t, []string{"L-26A", "20532", "47379"}, []string{lot.Batch, lot.ProducedDay, lot.ExpiresDay})
	require.Empty(t, strings.Trim(s.requests[0].Rows[1].ExpiresDay, "0"))
	require.Len(t, sum.Errors, 1)
	require.Equal(t, []any{"expires", "DATE_INVALID", int64(4)}, []any{sum.Errors[0].Field, sum.Errors[0].Reason, sum.Errors[0].Line})
}
