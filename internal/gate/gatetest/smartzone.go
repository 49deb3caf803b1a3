package gatetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// SmartZone is a controller that is told by the server, at its northbound portal interface.
type SmartZone struct {
	*floor

	Password string // of the interface
	Encrypt  bool   // addresses in redirects, as out of the box
	Slow     int    // so many answers say that RADIUS has not answered yet

	pending atomic.Int32
	waiting atomic.Pointer[Client]
}

// NewSmartZone returns a controller whose interface has a password.
func NewSmartZone(w World, password string) *SmartZone {
	return &SmartZone{floor: newFloor(w, "https://192.0.2.5:9443"), Password: password}
}

// Redirect implements NAS.
func (n *SmartZone) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return at(n.Portal, query("nbiIP", n.Address.Hostname(), "wlan", "7", "reason", "Un-Auth-Captive", "proxy", "0",
		"mac", "58:b6:33:c0:ff:ee", "client_mac", n.spell(c.MAC), "uip", n.spell(c.IP.String()), "ssid", n.SSID, "url", to))
}

// spell encrypts an address where the controller does: here, so that it can be found again.
func (n *SmartZone) spell(text string) string {
	if !n.Encrypt {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return "ENC" + hex.EncodeToString(sum[:16])
}

// The fields of each request, without the four that all have.
var northbound = map[string][]string{
	"UserOnlineControl Login":  {"UE-IP", "UE-MAC", "UE-Password", "UE-Proxy", "UE-Username"},
	"UserOnlineControl Status": {"UE-IP", "UE-MAC"},
	"UserOnlineControl Logout": {"UE-IP", "UE-MAC"},
	"GetConfig Decrypt":        {"Data"},
}

// Handler implements NAS: the portal interface. Every answer is a 200; what it means is
// inside.
func (n *SmartZone) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !n.here(r, http.MethodPost, "/portalintf") || r.Header.Get("Content-Type") != "application/json" {
			http.NotFound(w, r)
			return
		}
		body, _ := io.ReadAll(io.LimitReader(r.Body, 8<<10))
		said := map[string]string{}
		decoder := json.NewDecoder(bytes.NewReader(body))
		answer := map[string]any{"Vendor": "ruckus", "APIVersion": "1.0", "ResponseCode": 302, "ReplyMessage": "Bad request"}
		if decoder.Decode(&said) == nil {
			n.answer(said, answer)
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func (n *SmartZone) answer(said map[string]string, answer map[string]any) {
	about := said["RequestCategory"] + " " + said["RequestType"]
	want := append([]string{"APIVersion", "RequestCategory", "RequestPassword", "RequestType", "Vendor"}, northbound[about]...)
	slices.Sort(want)
	switch c, found := n.client(said); {
	case northbound[about] == nil:
		answer["ResponseCode"], answer["ReplyMessage"] = 304, "Command not supported"
	case !slices.Equal(slices.Sorted(maps.Keys(said)), want):
	case said["Vendor"] != "ruckus" || said["APIVersion"] != "1.0":
		answer["ResponseCode"], answer["ReplyMessage"] = 303, "Version not supported"
	case said["RequestPassword"] != n.Password:
		answer["ResponseCode"], answer["ReplyMessage"] = 306, "Wrong request password"
	case about == "GetConfig Decrypt":
		n.decrypt(said["Data"], answer)
	case !found:
		answer["ResponseCode"], answer["ReplyMessage"] = 300, "Not found"
	default:
		answer["ResponseCode"], answer["ReplyMessage"] = n.control(c, said)
	}
}

// control does what a request about a client asks.
func (n *SmartZone) control(c Client, said map[string]string) (int, string) {
	_, online := n.Online(c)
	switch {
	case said["RequestType"] == "Logout":
		n.shut(c, CauseUser)
		return 200, "OK"
	case said["RequestType"] == "Status" && n.waiting.Load() != nil:
		if n.pending.Add(-1) > 0 {
			return 202, "Authentication pending"
		}
		n.waiting.Store(nil)
		return 101, "Client authorized"
	case online:
		return 101, "Client authorized"
	case said["RequestType"] == "Status":
		return 100, "Client unauthorized"
	case !n.login(said["UE-Username"], said["UE-Password"], c, 24*time.Hour):
		return 301, "Login failed"
	case n.Slow > 0:
		n.pending.Store(int32(n.Slow))
		n.waiting.Store(&c)
		return 202, "Authentication pending"
	}
	return 201, "Login succeeded"
}

// client returns the client whose two addresses a request names, as redirects spell them.
func (n *SmartZone) client(said map[string]string) (Client, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.clients {
		mac, _ := visit.ParseMAC(said["UE-MAC"])
		if (mac == c.MAC || said["UE-MAC"] == n.spell(c.MAC)) && (said["UE-IP"] == c.IP.String() || said["UE-IP"] == n.spell(c.IP.String())) {
			return c, true
		}
	}
	return Client{}, false
}

func (n *SmartZone) decrypt(data string, answer map[string]any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.clients {
		for _, plain := range []string{c.MAC, c.IP.String()} {
			if n.spell(plain) == data {
				answer["ResponseCode"], answer["ReplyMessage"], answer["Data"] = 200, "OK", plain
				return
			}
		}
	}
	answer["ResponseCode"], answer["ReplyMessage"] = 300, "Not found"
}
