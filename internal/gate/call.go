package gate

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/foyerhq/foyer/internal/visit"
)

// Why a controller did not open the gate: what Call.Read returns. What it answered is not
// repeated.
var (
	// ErrRefused: it asked RADIUS or its own list, and that said no.
	ErrRefused = visit.Errorf(visit.KindForbidden, "portal_login_refused", "The network did not accept this login.")
	// ErrClientGone: the device is not on the network, or not any more.
	ErrClientGone = visit.Errorf(visit.KindConflict, "portal_client_gone", "The network does not see this device.")
	// ErrController: it is not set up, broken, or overtaxed; staff must look.
	ErrController = visit.Errorf(visit.KindUnavailable, "portal_controller_failed", "The network's controller did not do what it was asked.")
)

// controller returns the address in the settings that the server asks, never one that
// a browser named: a KindInvalid error where that is missing or not https.
func controller(s Settings) (*url.URL, error) {
	u, err := url.Parse(s.Controller)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, visit.Invalid("controller", "Give the controller's address: https://, its name, and its port if that is not 443.")
	}
	return u, nil
}

// postJSON is a Call that posts a value, which must be one that JSON can write.
func postJSON(to *url.URL, body any, header map[string]string, read func(Answer) (*Call, error)) (*Call, error) {
	octets, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	all := map[string]string{"Content-Type": "application/json", "Accept": "application/json"}
	for name, value := range header {
		all[name] = value
	}
	return &Call{Method: http.MethodPost, URL: to, Header: all, Body: octets, Read: read}, nil
}
