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

// Who tries an account at the shell is told what is in the way.
func TestWhatIsInTheWayOfACRMIsSaid(t *testing.T) {
	t.Parallel()
	vendors, err := newVendors(Outward{})
	require.NoError(t, err)
	err = explained(vendors.Check(t.Context(), crmtest.New(visit.HubSpot).Account("https://127.0.0.1:1")))
	require.EqualError(t, err, "crm_address: The CRM is at an address that may not be called. (webhook: 127.0.0.1 may not be called)")
	require.Equal(t, visit.ErrCRMErased, explained(visit.ErrCRMErased), "nothing lies beneath")
}

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
