package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestPasswordsThatAreGuessedFirstAreRefused(t *testing.T) {
	t.Parallel()
	names := []string{"ada.quill@example.org", "Ada Quill"}
	for _, bad := range []string{
		"short", "aaaaaaaaaaaa", "abababababab", "123456789012", "abcdefghijkl", "0987654321098", "111122223333", "password1234", "P@ssw0rd2026!",
		"Passwort-2026", "qwertzuiop12", "Welcome-12345", "Administrator1", "ada.quill@example.org", "AdaQuill2026", "quill-ada-12", "adaquilladaquill",
	} {
		require.Equal(t, visit.KindInvalid, visit.KindOf(auth.CheckChoice(bad, names...)), bad)
	}
	for _, fine := range []string{
		"correct horse battery", "tr0ub4dor&3-and-more", "ein Haus am See 7", "ääöüß-kvxw-9q", "my password is a goat", "quill of the grey goose", canaryLike,
	} {
		require.NoError(t, auth.CheckChoice(fine, names...), fine)
	}
	require.NoError(t, auth.CheckChoice("correct horse battery", "", "@", "Li"), "short names are in everything")
}

const canaryLike = "canary-passphrase-1"
