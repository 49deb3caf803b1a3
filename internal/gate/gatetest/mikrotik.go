package gatetest

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// MikroTik is a router with a hotspot that has a login.html of ours.
type MikroTik struct {
	*floor

	Login []byte // login.html
	Plain bool   // passwords in the clear: login-by without http-chap

	mu     sync.Mutex // guards asked
	asked  map[string]CHAP
	orders int
}

// NewMikroTik returns a router with login by HTTP CHAP, without a certificate.
func NewMikroTik(w World, login []byte) *MikroTik {
	return &MikroTik{floor: newFloor(w, "http://192.0.2.10"), Login: login, asked: map[string]CHAP{}}
}

// Redirect implements NAS: the router serves login.html to a browser, whose script sends
// its form.
func (n *MikroTik) Redirect(c Client, to string) *url.URL {
	n.join(c)
	return n.page(c, to, "")
}

func (n *MikroTik) page(c Client, to, problem string) *url.URL {
	variables := map[string]string{
		"mac": strings.ToUpper(c.MAC), "ip": c.IP.String(), "identity": "lobby", "server-name": n.SSID,
		"link-login-only": n.Address.String() + "/login", "link-orig": to, "link-orig-esc": url.QueryEscape(to),
		"error": "Übersetzt: " + problem, "error-orig": problem, "chap-id": "", "chap-challenge": "",
	}
	if problem == "" {
		variables["error"] = ""
	}
	if !n.Plain {
		asked := n.ask(c)
		variables["chap-id"], variables["chap-challenge"] = octal([]byte{asked.ID}), octal(asked.Challenge)
	}
	return sent(servlet(string(n.Login), variables))
}

// ask thinks of a challenge, which replaces the client's last.
func (n *MikroTik) ask(c Client) CHAP {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.orders++
	sum := md5.Sum(fmt.Append(nil, "challenge ", n.orders))
	asked := CHAP{ID: byte(n.orders * 37), Challenge: sum[:]}
	n.asked[c.MAC] = asked
	return asked
}

func octal(octets []byte) string {
	var out strings.Builder
	for _, octet := range octets {
		fmt.Fprintf(&out, `\%03o`, octet)
	}
	return out.String()
}

var (
	condition = regexp.MustCompile(`(?s)\$\(if ([a-z-]+)\)(.*?)\$\(endif\)`)
	variable  = regexp.MustCompile(`\$\(([a-z-]+)\)`)
)

// servlet fills in a page as the router does, without escaping anything.
func servlet(page string, variables map[string]string) string {
	page = condition.ReplaceAllStringFunc(page, func(found string) string {
		parts := condition.FindStringSubmatch(found)
		if variables[parts[1]] == "" {
			return ""
		}
		return parts[2]
	})
	return variable.ReplaceAllStringFunc(page, func(found string) string {
		return variables[variable.FindStringSubmatch(found)[1]]
	})
}

// Handler implements NAS: the router's servlets.
func (n *MikroTik) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		switch {
		case !known || r.Host != n.Address.Host:
			http.NotFound(w, r)
		case r.URL.Path == "/login":
			n.login(w, r, c)
		case r.URL.Path == "/logout":
			n.shut(c, CauseUser)
			http.Redirect(w, r, n.page(c, "", "").String(), http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
}

func (n *MikroTik) login(w http.ResponseWriter, r *http.Request, c Client) {
	fields, ok := ordered(r.URL.RawQuery)
	if r.Method == http.MethodPost {
		fields, ok = posted(r)
	}
	said, right := exactly(fields, "username", "password", "dst", "popup")
	if !ok || !right {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	switch problem := n.try(said["username"], said["password"], c); problem {
	case "":
		http.Redirect(w, r, said["dst"], http.StatusFound)
	default:
		http.Redirect(w, r, n.page(c, said["dst"], problem).String(), http.StatusFound)
	}
}

// try returns what the router has against a login. It asks for a challenge's response
// once.
func (n *MikroTik) try(user, password string, c Client) string {
	if n.Plain {
		if !n.floor.login(user, password, c, 24*time.Hour) {
			return "invalid username or password"
		}
		return ""
	}
	n.mu.Lock()
	asked, waiting := n.asked[c.MAC]
	delete(n.asked, c.MAC)
	n.mu.Unlock()
	response, err := hex.DecodeString(password)
	if err != nil || len(response) != md5.Size || !waiting || password != strings.ToLower(password) {
		return "web browser did not send challenge response (try again, enable JavaScript)"
	}
	asked.Response = response
	if !n.loginCHAP(user, asked, c, 24*time.Hour) {
		return "invalid username or password"
	}
	return ""
}
