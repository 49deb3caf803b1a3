package auth_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
)

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	for _, use := range []auth.TokenUse{auth.APIToken, auth.LoginCookie} {
		issued, err := auth.NewToken(rand.Reader, use)
		require.NoError(t, err)
		require.Regexp(t, "^"+string(use)+"[A-Za-z0-9_-]{48}$", issued.Reveal())
		sent, ok := auth.ParseToken(issued.Reveal(), use)
		require.True(t, ok)
		require.Equal(t, issued.Hash(), sent.Hash())
		require.Len(t, issued.Hash(), 32)
	}
}

func TestTokensAreForOneUse(t *testing.T) {
	t.Parallel()
	cookie, err := auth.NewToken(rand.Reader, auth.LoginCookie)
	require.NoError(t, err)
	_, ok := auth.ParseToken(cookie.Reveal(), auth.APIToken)
	require.False(t, ok)
}

func TestEveryMistypedTokenIsRefused(t *testing.T) {
	t.Parallel()
	issued, err := auth.NewToken(rand.Reader, auth.APIToken)
	require.NoError(t, err)
	text := issued.Reveal()
	for i := range text {
		for _, char := range "aZ0-_ \x00" {
			wrong := text[:i] + string(char) + text[i+1:]
			_, ok := auth.ParseToken(wrong, auth.APIToken)
			require.Equal(t, wrong == text, ok, "position %d", i)
		}
		_, ok := auth.ParseToken(text[:i], auth.APIToken)
		require.False(t, ok)
	}
	for _, bad := range []string{"", text + "a", strings.Repeat("x", 1<<16), "foyer_" + strings.Repeat("\n", 48)} {
		_, ok := auth.ParseToken(bad, auth.APIToken)
		require.False(t, ok)
	}
}

func TestTokenNeedsRandomness(t *testing.T) {
	t.Parallel()
	_, err := auth.NewToken(iotest.ErrReader(errors.New("dry")), auth.APIToken)
	require.ErrorContains(t, err, "dry")
}

func TestTokensNeverPrint(t *testing.T) {
	t.Parallel()
	issued, err := auth.NewToken(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), auth.APIToken)
	require.NoError(t, err)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, issued)
		fmt.Fprintf(&out, verb, struct{ token auth.Token }{issued})
		fmt.Fprintf(&out, verb, &struct{ token *auth.Token }{&issued})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "token", issued)
	require.NoError(t, json.NewEncoder(&out).Encode(issued))
	require.NotContains(t, out.String(), issued.Reveal())
	require.NotContains(t, out.String(), fmt.Sprintf("%x", issued.Reveal()))
	require.Empty(t, auth.Token{}.Reveal())
}
