package app

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/seal"
)

func TestSignInSettings(t *testing.T) {
	t.Parallel()
	ring, err := seal.Parse("c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ=")
	require.NoError(t, err)
	public := Public{PublicURL: "https://foyer.example/"}
	none, err := SignIn{}.provider(public, ring)
	require.NoError(t, err)
	require.Nil(t, none)

	good := SignIn{OIDCIssuer: "https://id.example/realms/x", OIDCClientID: "foyer", OIDCRoleClaim: "groups", OIDCRoles: []string{"a=host"}, OIDCProvision: true, LocalLogin: "administrators"}
	found, err := good.provider(public, ring)
	require.NoError(t, err)
	require.Equal(t, "id.example", found.Name())
	for name, spoil := range map[string]func(*SignIn){
		"plain HTTP":         func(s *SignIn) { s.OIDCIssuer = "http://id.example" },
		"no URL":             func(s *SignIn) { s.OIDCIssuer = "id.example" },
		"no client":          func(s *SignIn) { s.OIDCClientID = "" },
		"no claim":           func(s *SignIn) { s.OIDCRoleClaim = "" },
		"no roles":           func(s *SignIn) { s.OIDCRoles = nil },
		"a role that is not": func(s *SignIn) { s.OIDCRoles = []string{"a=king"} },
		"nothing to go by":   func(s *SignIn) { s.OIDCRoleClaim, s.OIDCRoles = "", nil },
		"no way in":          func(s *SignIn) { s.OIDCIssuer = "" },
	} {
		bad := good
		spoil(&bad)
		_, err := bad.provider(public, ring)
		require.Error(t, err, name)
	}
	good.OIDCIssuer = "http://127.0.0.1:9000"
	_, err = good.provider(public, ring)
	require.NoError(t, err, "this machine")
}
