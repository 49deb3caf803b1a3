package app

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/crm/crmtest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

// What a CRM's name resolves to is judged when it is dialled.
func TestCRMsAreDialledThroughTheGuard(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	check := func(allow ...string) error {
		vendors, err := newVendors(Outward{OutwardAllow: allow})
		require.NoError(t, err)
		return vendors.Check(t.Context(), crmtest.New(visit.HubSpot).Account(server.URL))
	}
	require.ErrorAs(t, check(), new(*webhook.AddressError))
	require.ErrorAs(t, check("10.0.0.0/8"), new(*webhook.AddressError))
	require.ErrorAs(t, check("127.0.0.0/8"), new(x509.UnknownAuthorityError), "the control: somebody answered")
}
