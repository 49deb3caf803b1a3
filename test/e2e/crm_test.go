package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/test/stack"
)

// A CRM is set up and tested from the server's shell.
func TestTheCommandsOfCRMs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, stack.Options{})
	const outward = "--outward-allow=127.0.0.0/8"
	list := w.Foyer("crm", "accounts")
	require.Contains(t, list, "hubspot")
	lines := strings.Split(strings.TrimSpace(list), "\n")
	require.Len(t, lines, 2)
	account := strings.Fields(lines[1])[0]

	require.Equal(t, "ready\n", w.Foyer("crm", "test", outward, account))
	w.crm.Bare()
	said, err := w.TryFoyer("crm", "test", outward, account)
	require.Error(t, err, said)
	set := w.Foyer("crm", "setup", outward, account)
	require.Contains(t, set, "made: property visit_id")
	require.True(t, strings.HasSuffix(set, "ready\n"), set)
	require.Equal(t, "ready\n", w.Foyer("crm", "setup", outward, account), "again there is nothing to make")

	w.crm.Misbehave(crmtest.Forbidden)
	said, err = w.TryFoyer("crm", "test", outward, account)
	require.Error(t, err)
	require.NotContains(t, said, crmtest.Secret)
	// Without leave to call this machine, the guard is in the way.
	calls := len(w.crm.Calls())
	_, err = w.TryFoyer("crm", "test", "--outward-allow=10.0.0.0/8", account)
	require.Error(t, err)
	require.Len(t, w.crm.Calls(), calls)
}
