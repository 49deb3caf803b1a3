package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/foyerhq/foyer/test/hotspot"
	"github.com/foyerhq/foyer/test/nas"
)

// network is a guest network that sends browsers to a portal, once it has been pointed
// at one.
type network struct {
	server *httptest.Server
	ap     *nas.NAS
	now    atomic.Pointer[hotspot.Hotspot]
}

func newNetwork(t *testing.T, ap *nas.NAS) *network {
	t.Helper()
	n := &network{ap: ap}
	n.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := n.now.Load(); h != nil {
			h.Handler().ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(n.server.Close)
	return n
}

// URL is where a browser is a guest's phone.
func (n *network) URL() string { return n.server.URL }

// point does what staff do at a gateway: they type in the portal and what it shares.
func (n *network) point(w http.ResponseWriter, r *http.Request) {
	var in struct{ Portal, Secret string }
	err := json.NewDecoder(r.Body).Decode(&in)
	var h *hotspot.Hotspot
	if err == nil {
		h, err = hotspot.New(hotspot.Config{
			Address: strings.TrimPrefix(n.server.URL, "http://"), Portal: in.Portal, Secret: in.Secret, SSID: "Harbour Guests", NAS: n.ap,
		})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	n.now.Store(h)
}
