package app

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/worker"
)

func TestAllowedNetworksAreNetworks(t *testing.T) {
	t.Parallel()
	guard, err := Outward{OutwardAllow: []string{"10.1.2.3/16", "::1/128"}}.guard()
	require.NoError(t, err)
	require.NoError(t, guard.CheckURL("http://10.1.9.9/hook"))
	require.NoError(t, guard.CheckURL("https://[::1]/hook"))
	require.Error(t, guard.CheckURL("https://10.2.0.1/hook"))
	for _, text := range []string{"10.1.2.3", "example.org", "10.0.0.0/33"} {
		_, err := Outward{OutwardAllow: []string{text}}.guard()
		require.Error(t, err, text)
	}
	guard, err = Outward{OutwardAllow: []string{""}}.guard()
	require.NoError(t, err)
	require.Error(t, guard.CheckURL("http://example.org/"))
}

func TestWhereMailIsOffOnlyWhatWasAskedForIsTried(t *testing.T) {
	t.Parallel()
	arrival, asked := visit.Event{Kind: visit.EventCheckedIn}, visit.Event{Kind: visit.EventCredentialsAsked}
	off := mailPlan(&worker.Mails{})
	require.Empty(t, off(arrival, visit.MailSettings{}))
	require.NotEmpty(t, off(asked, visit.MailSettings{}))
	require.NotEmpty(t, off(visit.Event{Kind: visit.EventMailTestAsked}, visit.MailSettings{}))
	on := mailPlan(&worker.Mails{Send: func(context.Context, mail.Message) error { return nil }})
	require.NotEmpty(t, on(arrival, visit.MailSettings{}))
}
