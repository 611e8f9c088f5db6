package biz

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnotherPartysFiguresAreNotToldInAnExplanation(t *testing.T) {
	figures := "dropped: TG-100 0 to promise (2 on hand, 0 reserved, safety stock 2)"
	e := Explanation{Document: "ord_1", Wanted: "1 x TG-100", Strategy: "near v1", Candidates: []Explained{
		{Location: "F-01", Reason: figures}, {Location: "F-02", Reason: figures}, {Location: "F-03", Chosen: true, Reason: "chosen: nearest single"},
		{Location: "F-04", Reason: "dropped: closed"},
	}}
	seen, text := e.Discreet(e.Text(), func(location string) bool { return location == "F-01" })
	require.Equal(t, "dropped: too few of TG-100", seen.Candidates[1].Reason)
	e.Candidates = append([]Explained{}, e.Candidates...)
	require.Equal(t, figures, e.Candidates[1].Reason, "the original stays as it is")
	e.Candidates[1].Reason = "dropped: too few of TG-100"
	require.Equal(t, e.Candidates, seen.Candidates)
	require.Equal(t, e.Text(), text)

	all, whole := e.Discreet(e.Text(), func(string) bool { return true })
	require.Equal(t, e, all)
	require.Equal(t, e.Text(), whole)
}
