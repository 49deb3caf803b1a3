// Package gatetest simulates the network devices that package gate speaks with: each
// one file, an outside party with its bad manners, which checks what it is sent octet by
// octet.
//
// A simulated NAS has a side for browsers or servers (Handler), the redirect that it
// would make (Redirect) and its own idea of who is online. It asks RADIUS and reports
// accounting through World, so that a test may join it to a real agent.
package gatetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/visit"
)

// Client is a guest's device as the NAS sees it on its network.
type Client struct {
	MAC string // as visit.ParseMAC spells it
	IP  netip.Addr
}

// World is what a NAS is plugged into. Its functions may be called concurrently.
type World struct {
	// Portal is the address that staff have typed in at the device.
	Portal *url.URL
	// Address is the device's own: scheme, host and port as browsers reach it. Nil means
	// the vendor's usual one.
	Address *url.URL
	SSID    string // empty: Guests
	Now     func() time.Time
	// Authorize asks RADIUS. A timeout of 0 is an accept without Session-Timeout.
	Authorize func(user, password, mac string) (timeout time.Duration, ok bool)
	// AuthorizeCHAP asks the same with a response to a challenge.
	AuthorizeCHAP func(user string, response CHAP, mac string) (timeout time.Duration, ok bool)
	// Account, if set, is told of sessions.
	Account func(Record)
	// Who says which client a request is from; nil goes by its address.
	Who func(*http.Request) (Client, bool)
}

// CHAP is what a device tells RADIUS of a password that it has not seen (RFC 2865, 5.3):
// MD5 over the identifier, the password and the challenge.
type CHAP struct {
	ID                  byte
	Challenge, Response []byte
}

// Record is an accounting record.
type Record struct {
	Session string // Acct-Session-Id
	User    string
	Client  Client
	At      time.Time
	Stop    bool
	Cause   int // Acct-Terminate-Cause of a Stop (RFC 2866, 5.10)
}

// Causes of a Stop.
const (
	CauseUser    = 1
	CauseTimeout = 5
	CauseAdmin   = 6
)

// NAS is a simulated device. Its methods are safe for concurrent use.
type NAS interface {
	// Redirect lets a client onto the network and returns where the device sends its
	// browser, which wants to reach to.
	Redirect(c Client, to string) *url.URL
	// Handler serves what the device or its controller serves.
	Handler() http.Handler
	// Online reports until when the gate is open for a client, by the device's own timer.
	Online(c Client) (until time.Time, ok bool)
	// Disconnect ends a client's session as a Disconnect-Request does (RFC 5176).
	Disconnect(c Client) bool
}

// Submit does with a release what the guest's browser does, straight at a NAS's handler:
// it goes to the address or posts the form. The caller closes the body.
func Submit(nas NAS, c Client, release gate.Release) *http.Response {
	var r *http.Request
	switch {
	case release.Redirect != nil:
		r = httptest.NewRequestWithContext(context.Background(), http.MethodGet, release.Redirect.String(), nil)
	case release.Form != nil:
		r = httptest.NewRequestWithContext(context.Background(), http.MethodPost, release.Form.Action.String(), strings.NewReader(encode(release.Form.Fields)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	default:
		panic("gatetest: this release is not the browser's to do")
	}
	r.RemoteAddr = netip.AddrPortFrom(c.IP, 50000).String()
	w := httptest.NewRecorder()
	nas.Handler().ServeHTTP(w, r)
	if page, scripted := nas.(script); scripted && release.Redirect != nil {
		return page.run(c, release.Redirect)
	}
	return w.Result()
}

// script is a NAS with a page whose script goes on from where the browser has been sent.
type script interface {
	run(c Client, at *url.URL) *http.Response
}

// Ask does with a release what the server does, straight at a controller's handler, call
// after call as long as the answers give a next one.
func Ask(nas NAS, call *gate.Call) error {
	for range 10 {
		r := httptest.NewRequestWithContext(context.Background(), call.Method, call.URL.String(), strings.NewReader(string(call.Body)))
		for name, value := range call.Header {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		nas.Handler().ServeHTTP(w, r)
		next, err := call.Read(gate.Answer{Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()})
		if err != nil || next == nil {
			return err
		}
		call = next
	}
	return fmt.Errorf("gatetest: the calls do not end")
}

// encode writes fields as a browser does, in their order.
func encode(fields []gate.Field) string {
	pairs := make([]string, len(fields))
	for i, f := range fields {
		pairs[i] = url.QueryEscape(f.Name) + "=" + url.QueryEscape(f.Value)
	}
	return strings.Join(pairs, "&")
}

// Field is one of a posted form or a query, in the order sent.
type Field = gate.Field

// posted reads a form's fields in their order. Ok is false for anything but a form of at
// most 8 kB.
func posted(r *http.Request) (fields []Field, ok bool) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return nil, false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<10))
	if err != nil {
		return nil, false
	}
	return ordered(string(body))
}

// ordered splits a query or body without losing the order.
func ordered(raw string) (fields []Field, ok bool) {
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plainName, err := url.QueryUnescape(name)
		if err != nil {
			return nil, false
		}
		plainValue, err := url.QueryUnescape(value)
		if err != nil {
			return nil, false
		}
		fields = append(fields, Field{Name: plainName, Value: plainValue})
	}
	return fields, true
}

// exactly reports whether the fields are those named, in that order, and returns their
// values by name.
func exactly(fields []Field, names ...string) (map[string]string, bool) {
	if len(fields) != len(names) {
		return nil, false
	}
	values := map[string]string{}
	for i, f := range fields {
		if f.Name != names[i] {
			return nil, false
		}
		values[f.Name] = f.Value
	}
	return values, true
}

// form reads a posted form whose order the vendor does not care about: all of required
// and none but those and optional, each once.
func form(r *http.Request, required, optional []string) (map[string]string, bool) {
	fields, ok := posted(r)
	values := map[string]string{}
	for _, f := range fields {
		_, twice := values[f.Name]
		if twice || !slices.Contains(required, f.Name) && !slices.Contains(optional, f.Name) {
			return nil, false
		}
		values[f.Name] = f.Value
	}
	for _, name := range required {
		if _, there := values[name]; !there {
			return nil, false
		}
	}
	return values, ok
}

// query writes parameters as most devices do, escaped.
func query(pairs ...string) string {
	fields := make([]Field, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		fields = append(fields, Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return encode(fields)
}

// at returns an address with a query behind whatever it has.
func at(u *url.URL, query string) *url.URL {
	out := *u
	if out.RawQuery != "" {
		query = out.RawQuery + "&" + query
	}
	out.RawQuery = query
	return &out
}

// token returns a value that the device has not given out before.
func (f *floor) token() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	sum := sha256.Sum256(fmt.Append(nil, "token ", f.serial))
	return hex.EncodeToString(sum[:8])
}

// here reports whether a request is for this device and a path of it.
func (f *floor) here(r *http.Request, method, path string) bool {
	return r.Method == method && r.Host == f.Address.Host && r.URL.EscapedPath() == path
}

// sendTo sends a browser on. Devices do that to wherever they were told.
func sendTo(w http.ResponseWriter, r *http.Request, to string, status int) {
	http.Redirect(w, r, to, status) //nolint:gosec // a simulated device is as careless as the real one
}

// floor is what every NAS stands on: who is on its network, and who is online.
type floor struct {
	World

	mu      sync.Mutex // guards what follows
	clients map[string]Client
	online  map[string]Record // by MAC; At is the session's end
	serial  int
}

func newFloor(w World, address string) *floor {
	if w.Address == nil {
		w.Address = must(address)
	}
	if w.SSID == "" {
		w.SSID = "Guests"
	}
	return &floor{World: w, clients: map[string]Client{}, online: map[string]Record{}}
}

func must(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return u
}

// join notes a client that has come onto the network.
func (f *floor) join(c Client) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients[c.MAC] = c
}

// from returns the client that a request is from: the device knows it by its address.
func (f *floor) from(r *http.Request) (Client, bool) {
	if f.Who != nil {
		return f.Who(r)
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return Client{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.clients {
		if c.IP == at.Addr().Unmap() {
			return c, true
		}
	}
	return Client{}, false
}

// known returns the client of a hardware address.
func (f *floor) known(mac string) (Client, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	spelled, _ := visit.ParseMAC(mac)
	c, ok := f.clients[spelled]
	return c, ok
}

// inUse reports whether a user is online, from whatever client.
func (f *floor) inUse(user string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, session := range f.online {
		if session.User == user && f.Now().Before(session.At) {
			return true
		}
	}
	return false
}

// login asks RADIUS and opens the gate; without Session-Timeout for as long as the vendor
// does then.
func (f *floor) login(user, password string, c Client, otherwise time.Duration) bool {
	timeout, ok := f.Authorize(user, password, c.MAC)
	if !ok {
		return false
	}
	if timeout == 0 {
		timeout = otherwise
	}
	f.open(user, c, timeout)
	return true
}

// loginCHAP is login with a response to a challenge.
func (f *floor) loginCHAP(user string, response CHAP, c Client, otherwise time.Duration) bool {
	timeout, ok := f.AuthorizeCHAP(user, response, c.MAC)
	if !ok {
		return false
	}
	if timeout == 0 {
		timeout = otherwise
	}
	f.open(user, c, timeout)
	return true
}

// open opens the gate.
func (f *floor) open(user string, c Client, timeout time.Duration) {
	f.mu.Lock()
	f.serial++
	session := fmt.Sprintf("%08X", f.serial)
	f.online[c.MAC] = Record{Session: session, User: user, Client: c, At: f.Now().Add(timeout)}
	f.mu.Unlock()
	f.account(Record{Session: session, User: user, Client: c, At: f.Now()})
}

// shut closes the gate and reports whether it was open.
func (f *floor) shut(c Client, cause int) bool {
	f.mu.Lock()
	session, open := f.online[c.MAC]
	delete(f.online, c.MAC)
	f.mu.Unlock()
	if !open {
		return false
	}
	at := f.Now()
	if at.After(session.At) {
		at, cause = session.At, CauseTimeout
	}
	f.account(Record{Session: session.Session, User: session.User, Client: session.Client, At: at, Stop: true, Cause: cause})
	return cause != CauseTimeout
}

func (f *floor) account(record Record) {
	if f.Account != nil {
		f.Account(record)
	}
}

// Online implements NAS; a session whose time is over ends here.
func (f *floor) Online(c Client) (time.Time, bool) {
	f.mu.Lock()
	session, open := f.online[c.MAC]
	f.mu.Unlock()
	if open && !f.Now().Before(session.At) {
		f.shut(c, CauseTimeout)
		open = false
	}
	if !open {
		return time.Time{}, false
	}
	return session.At, true
}

// Disconnect implements NAS.
func (f *floor) Disconnect(c Client) bool { return f.shut(c, CauseAdmin) }
