package gate_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
)

func TestCaptivePortalDocument(t *testing.T) {
	t.Parallel()
	portal, _ := url.Parse("https://portal.example/p/lobby")
	venue, _ := url.Parse("https://www.example/")
	plain, _ := url.Parse("http://portal.example/p/lobby")
	for want, document := range map[string]gate.Captive{
		`{"captive":true,"user-portal-url":"https://portal.example/p/lobby"}`: gate.Held(portal, nil),
		`{"captive":true}`: gate.Held(plain, nil),
		`{"captive":false,"user-portal-url":"https://portal.example/p/lobby","venue-info-url":"https://www.example/","can-extend-session":true,"seconds-remaining":14400}`: gate.Free(4*time.Hour+999*time.Millisecond, true, portal, venue),
		`{"captive":false,"user-portal-url":"https://portal.example/p/lobby","can-extend-session":false,"seconds-remaining":1}`:                                            gate.Free(time.Second, false, portal, nil),
		`{"captive":true,"user-portal-url":"https://portal.example/p/lobby","venue-info-url":"https://www.example/"}`:                                                      gate.Free(999*time.Millisecond, true, portal, venue),
	} {
		got, err := json.Marshal(document)
		require.NoError(t, err)
		require.JSONEq(t, want, string(got))
	}
}
