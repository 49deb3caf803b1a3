package visit

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSiteValidate(t *testing.T) {
	t.Parallel()
	good := func() Site {
		return Site{Name: "Berlin", Timezone: "Europe/Berlin", Networks: []Network{
			{SSID: "Guests", Kind: OpenPortal}, {SSID: "Staff", Kind: WPAPSK, PSK: "eight-or-more"},
		}}
	}
	require.NoError(t, good().Validate())
	for name, change := range map[string]func(*Site){
		"no name":         func(s *Site) { s.Name = " " },
		"no zone":         func(s *Site) { s.Timezone = "" },
		"zone of ours":    func(s *Site) { s.Timezone = "Local" },
		"no such zone":    func(s *Site) { s.Timezone = "Europe/Atlantis" },
		"long SSID":       func(s *Site) { s.Networks[0].SSID = strings.Repeat("x", 33) },
		"unknown kind":    func(s *Site) { s.Networks[0].Kind = "wep" },
		"short PSK":       func(s *Site) { s.Networks[1].PSK = "seven77" },
		"PSK on a portal": func(s *Site) { s.Networks[0].PSK = "eight-or-more" },
	} {
		s := good()
		change(&s)
		require.Equal(t, KindInvalid, KindOf(s.Validate()), name)
	}
}

func TestNASValidate(t *testing.T) {
	t.Parallel()
	good := func() NAS {
		return NAS{Name: "AP", Source: netip.MustParsePrefix("10.1.0.0/24"), Secret: "sixteen-or-more-"}
	}
	require.NoError(t, good().Validate())
	for name, change := range map[string]func(*NAS){
		"no name":           func(n *NAS) { n.Name = "" },
		"no source":         func(n *NAS) { n.Source = netip.Prefix{} },
		"bits beyond":       func(n *NAS) { n.Source = netip.MustParsePrefix("10.1.0.7/24") },
		"short secret":      func(n *NAS) { n.Secret = "short" },
		"port":              func(n *NAS) { n.CoAPort = 70000 },
		"too short session": func(n *NAS) { n.MaxSessionSeconds = new(59) },
		"too short interim": func(n *NAS) { n.InterimSeconds = 10 },
	} {
		n := good()
		change(&n)
		require.Equal(t, KindInvalid, KindOf(n.Validate()), name)
	}
}

func TestSessionSeconds(t *testing.T) {
	t.Parallel()
	now := time.Now()
	require.Equal(t, UnprovenSessionSeconds, NAS{}.SessionSeconds(), "no disconnect was ever confirmed")
	require.Zero(t, NAS{DisconnectConfirmedAt: &now}.SessionSeconds())
	require.Equal(t, 120, NAS{DisconnectConfirmedAt: &now, MaxSessionSeconds: new(120)}.SessionSeconds(), "the operator's word")
	require.Zero(t, NAS{MaxSessionSeconds: new(0)}.SessionSeconds())
}

func TestSpans(t *testing.T) {
	t.Parallel()
	require.Equal(t, DefaultStay, Site{}.DefaultStayFor())
	require.Equal(t, time.Hour, Site{DefaultStay: 3 * time.Hour, MaxStay: time.Hour}.DefaultStayFor())
	require.Equal(t, DefaultMaxStay, Site{}.MaxStayFor())
	require.Equal(t, DefaultTerminationFor, Site{}.TerminateFor())
	require.Equal(t, time.Hour, Site{TerminationFor: time.Hour}.TerminateFor())
}

func TestKinds(t *testing.T) {
	t.Parallel()
	require.Equal(t, KindInternal, KindOf(context()))
	wrapped := Unavailable("Temporal", context())
	require.Equal(t, KindUnavailable, KindOf(wrapped))
	require.NotContains(t, wrapped.Error(), "secret", "the cause is for logs")
	require.ErrorIs(t, Errorf(KindConflict, "visit_ended", "other words"), ErrVisitEnded, "the code decides")
	require.NotErrorIs(t, ErrVisitEnded, ErrVisitCancelled)
}

func context() error { return errText("secret inside") }

type errText string

func (e errText) Error() string { return string(e) }
