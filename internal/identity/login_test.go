package identity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/identity"
)

func TestLogins(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]struct {
		login string
		kind  identity.LoginKind
	}{
		" Robert.Dupont@Gmail.com ": {"robert.dupont@gmail.com", identity.LoginEmail},
		"+49 (0) 30 / 901820":       {"+4930901820", identity.LoginPhone},
		"0033 6 12 34 56 78":        {"+33612345678", identity.LoginPhone},
		"Guest-7":                   {"guest-7", identity.LoginName},
	} {
		login, kind, err := identity.ParseLogin(typed)
		require.NoError(t, err, typed)
		require.Equal(t, want.login, login)
		require.Equal(t, want.kind, kind)
	}
	for _, typed := range []string{
		"", " ", "two words", "a@", "@b", "Robert <r@example.org>", "a@b@c", "+12", "+49301", "+0301234567", "+4930x901820", "a\x00b",
		"r@example.org\nbcc: x@example.org", "\xff", strings.Repeat("x", 300),
	} {
		_, _, err := identity.ParseLogin(typed)
		require.ErrorIs(t, err, identity.ErrLogin, "%q", typed)
	}
}

func TestALoginIsNormalOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		login, kind, err := identity.ParseLogin(rapid.String().Draw(t, "typed"))
		if err != nil {
			return
		}
		again, same, err := identity.ParseLogin(login)
		require.NoError(t, err)
		require.Equal(t, login, again)
		require.Equal(t, kind, same)
	})
}

func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	for mac, private := range map[string]bool{
		"02:00:00:00:00:01": true, "d6:00:00:00:00:01": true, "aa:bb:cc:dd:ee:ff": true, "1e:00:00:00:00:01": true,
		"00:11:22:33:44:55": false, "3c:22:fb:00:00:00": false, "": false,
	} {
		require.Equal(t, private, identity.Private(mac), mac)
	}
}
