package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheDocumentationShowsTheTables(t *testing.T) {
	written, err := os.ReadFile("../../../../docs/STATES.md")
	require.NoError(t, err)
	require.Equal(t, document(), string(written), "run make generate")
}
