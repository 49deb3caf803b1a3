package api_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

// The committed description is the code's. After a wanted change:
// go test ./api -run Document -update, or go run ./cmd/foyer openapi.
func TestDocumentIsCommitted(t *testing.T) {
	t.Parallel()
	const path = "../docs/openapi.json"
	document, err := api.Document("1")
	require.NoError(t, err)
	again, err := api.Document("1")
	require.NoError(t, err)
	require.Equal(t, string(document), string(again))
	if *update {
		require.NoError(t, os.WriteFile(path, document, 0o600))
	}
	committed, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(committed), string(document))
}
