package gatetest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// forever is how long an accept without Session-Timeout lets a client in.
const forever = 100 * 365 * 24 * time.Hour

// CoovaChilli is an access controller with universal access (UAM).
type CoovaChilli struct {
	*floor

	Secret string // uamsecret
	PAP    bool   // it is sent a hidden password rather than a response

	mu         sync.Mutex // guards challenges
	challenges map[string][]byte
	serial     int
}

// NewCoovaChilli returns a controller that shares a secret with the portal.
func NewCoovaChilli(w World, secret string) *CoovaChilli {
	return &CoovaChilli{floor: newFloor(w, "http://10.20.30.1:3990"), Secret: secret, challenges: map[string][]byte{}}
}

// Redirect implements NAS.
func (n *CoovaChilli) Redirect(c Client, to string) *url.URL {
	n.join(c)
	if _, online := n.Online(c); online {
		return n.tell(c, "already", to)
	}
	return n.tell(c, "notyet", to)
}

// tell composes a signed redirect with a new challenge.
func (n *CoovaChilli) tell(c Client, result, to string) *url.URL {
	var out strings.Builder
	out.WriteString(n.Portal.String())
	first := "?"
	if n.Portal.RawQuery != "" {
		first = "&"
	}
	fmt.Fprintf(&out, "%sres=%s&uamip=%s&uamport=%s", first, result, n.Address.Hostname(), n.Address.Port())
	if result != "already" && result != "success" {
		fmt.Fprintf(&out, "&challenge=%x", n.challenge(c))
	}
	fmt.Fprintf(&out, "&called=94-83-C4-01-42-27&mac=%s&ip=%s&ssid=%s&nasid=nas01&sessionid=%08x00000001&userurl=%s",
		strings.ToUpper(strings.ReplaceAll(c.MAC, ":", "-")), c.IP, chilliEscape(n.SSID), n.serial, chilliEscape(to))
	sum := md5.Sum([]byte(out.String() + n.Secret))
	fmt.Fprintf(&out, "&md=%X", sum)
	return must(out.String())
}

// challenge replaces a client's.
func (n *CoovaChilli) challenge(c Client) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serial++
	sum := md5.Sum(fmt.Append(nil, "chilli ", n.serial))
	n.challenges[c.MAC] = sum[:]
	return sum[:]
}

// chilliEscape escapes as no library does: in small letters, and ! ~ * not at all.
func chilliEscape(text string) string {
	var out strings.Builder
	for _, octet := range []byte(text) {
		switch {
		case octet >= 'A' && octet <= 'Z', octet >= 'a' && octet <= 'z', octet >= '0' && octet <= '9', strings.IndexByte("-_.!~*", octet) >= 0:
			out.WriteByte(octet)
		default:
			fmt.Fprintf(&out, "%%%02x", octet)
		}
	}
	return out.String()
}

// Handler implements NAS: the web server at uamport, plain http.
func (n *CoovaChilli) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		switch {
		case !known || r.Host != n.Address.Host || r.Method != http.MethodGet:
			http.NotFound(w, r)
		case r.URL.Path == "/logon":
			n.logon(w, r, c)
		case r.URL.Path == "/logoff":
			n.shut(c, CauseUser)
			http.Redirect(w, r, n.tell(c, "logoff", "").String(), http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
}

func (n *CoovaChilli) logon(w http.ResponseWriter, r *http.Request, c Client) {
	second := "response"
	if n.PAP {
		second = "password"
	}
	fields, _ := ordered(r.URL.RawQuery)
	said, right := exactly(fields, "username", second, "userurl")
	if !right || strings.Contains(r.URL.RawQuery, "+") { // which it does not take for a space
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	_, online := n.Online(c)
	result := "success"
	switch {
	case online:
		result = "already"
	case !n.answered(said["username"], said[second], c):
		result = "failed"
	}
	http.Redirect(w, r, n.tell(c, result, said["userurl"]).String(), http.StatusFound)
}

// answered asks RADIUS with what answers the client's challenge, once.
func (n *CoovaChilli) answered(user, answer string, c Client) bool {
	n.mu.Lock()
	challenge := n.challenges[c.MAC]
	delete(n.challenges, c.MAC)
	n.mu.Unlock()
	octets, err := hex.DecodeString(answer)
	if err != nil || challenge == nil {
		return false
	}
	mixed := md5.Sum(append(challenge, n.Secret...))
	if !n.PAP {
		return len(octets) == md5.Size && n.loginCHAP(user, CHAP{Challenge: mixed[:], Response: octets}, c, forever)
	}
	for i := range octets {
		octets[i] ^= mixed[i%len(mixed)]
	}
	return n.login(user, string(octets), c, forever)
}
