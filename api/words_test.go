package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/catalogue"
)

// The dashboard explains roles by what they allow: none of it by a code alone.
func TestRolesAndPermissionsHaveWords(t *testing.T) {
	t.Parallel()
	keys := []string{}
	for _, role := range auth.Roles() {
		keys = append(keys, "web.role."+string(role), "web.role."+string(role)+".text")
	}
	for _, permission := range auth.EveryPermission().Names() {
		keys = append(keys, "web.permission."+permission)
	}
	p := catalogue.New("en", "")
	for _, key := range keys {
		_, found := p.Lookup(key)
		require.True(t, found, key)
	}
	_, found := p.Lookup("web.permission.moon.walk")
	require.False(t, found, "the negative control")
}
