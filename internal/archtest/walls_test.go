// Package archtest holds the walls of the architecture against everything a
// package imports, however indirectly. What lint can see in one file is in
// .golangci.yml; this is the part it cannot.
package archtest

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/foyerhq/foyer/"

// A wall keeps the packages matched by inside from importing what starts with
// one of outside. Imports of tests do not count.
type wall struct {
	inside  []string
	outside []string
}

func TestWalls(t *testing.T) {
	t.Parallel()
	walls := map[string]wall{
		"an agent has no database, no workflows, no HTTP API": {
			inside: []string{"agent/..."},
			outside: []string{
				"github.com/jackc/pgx", "go.temporal.io", "github.com/gin-gonic", "github.com/danielgtaylor/huma", "go.uber.org/fx",
				module + "api", module + "workflows", module + "activities", module + "worker",
				module + "internal/store", module + "internal/app",
			},
		},
		"workflows and activities know no storage and no API": {
			inside: []string{"workflows/...", "activities/..."},
			outside: []string{
				"github.com/jackc/pgx", "github.com/gin-gonic", "github.com/danielgtaylor/huma", "go.uber.org/fx",
				module + "api", module + "agent", module + "internal/store", module + "internal/app",
			},
		},
		"the API declares what it needs": {
			inside: []string{"api/..."},
			outside: []string{
				module + "workflows", module + "activities", module + "worker", module + "agent", module + "internal/app", "go.uber.org/fx",
			},
		},
		"the domain knows only itself": {
			inside:  []string{"internal/visit/...", "internal/identity/...", "internal/roll/..."},
			outside: []string{module, "github.com", "go.temporal.io", "go.uber.org", "golang.org", "layeh.com", "google.golang.org"},
		},
		"the store knows no technology but its own": {
			inside: []string{"internal/store/..."},
			outside: []string{
				"go.temporal.io", "github.com/gin-gonic", "github.com/danielgtaylor/huma", "go.uber.org/fx",
				module + "api", module + "agent", module + "workflows", module + "activities", module + "worker", module + "internal/app",
			},
		},
	}
	for name, wall := range walls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, breaches(t, wall), "import chains through the wall")
		})
	}
}

// TestWallsCanBeBreached is the control: the same check finds what is there.
func TestWallsCanBeBreached(t *testing.T) {
	t.Parallel()
	direct := wall{inside: []string{"internal/devstack"}, outside: []string{"github.com/jackc/pgx"}}
	require.NotEmpty(t, breaches(t, direct), "a direct import")
	indirect := wall{inside: []string{"internal/devstack/cmd/..."}, outside: []string{"github.com/jackc/pgx"}}
	found := breaches(t, indirect)
	require.NotEmpty(t, found, "an import of an import")
	require.Contains(t, found[0], "internal/devstack → github.com/jackc/pgx", "the chain names the culprit")
}

// breaches returns the import chains that lead from inside to outside, one for
// each package found there.
func breaches(t *testing.T, w wall) []string {
	t.Helper()
	patterns := make([]string, len(w.inside))
	for i, pattern := range w.inside {
		patterns[i] = module + pattern
	}
	inside := list(t, patterns)
	require.NotEmpty(t, inside, "a wall around nothing: %v", w.inside)
	imports := list(t, append([]string{"-deps"}, patterns...))

	// Breadth first, so that the first chain to a package is a shortest one.
	chain := map[string]string{}
	var queue, found []string
	for path := range inside {
		chain[path] = path
		queue = append(queue, path)
	}
	slices.Sort(queue)
	for len(queue) > 0 {
		from := queue[0]
		queue = queue[1:]
		for _, to := range imports[from] {
			if chain[to] != "" {
				continue
			}
			chain[to] = chain[from] + " → " + to
			if w.forbids(to) {
				found = append(found, chain[to])
				continue
			}
			queue = append(queue, to)
		}
	}
	return found
}

func (w wall) forbids(path string) bool {
	return slices.ContainsFunc(w.outside, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

// list returns the imports of each package that go list answers with.
func list(t *testing.T, args []string) map[string][]string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	require.NoError(t, err, stderr.String())
	imports := map[string][]string{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var found struct {
			ImportPath string
			Imports    []string
		}
		require.NoError(t, decoder.Decode(&found))
		imports[found.ImportPath] = found.Imports
	}
	return imports
}
