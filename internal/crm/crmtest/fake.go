// Package crmtest stands for customers' CRMs in tests, benchmarks and trials. A
// fake keeps state, is as strict as its vendor about what it is sent, and has the
// vendor's bad manners, on request.
package crmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/foyerhq/foyer/internal/visit"
)

// Fault is one bad manner. Each request takes the next one that was asked for.
type Fault string

// The faults. Which of them a vendor knows is its own business; the others are
// played by all.
const (
	None        Fault = ""            // a request in between is served
	Unavailable Fault = "unavailable" // 503, and nothing is done
	Lost        Fault = "lost"        // done, and then 500
	Cut         Fault = "cut"         // done, and the connection is closed without an answer
	Limited     Fault = "limited"     // 429 with Retry-After: 7, or what the vendor has for it
	Page        Fault = "page"        // 200 with a web page
	Empty       Fault = "empty"       // 200 with {}
	Huge        Fault = "huge"        // 200 with 2 MB
	Garbage     Fault = "garbage"     // what is no HTTP, and holds the visitor's address
	Hang        Fault = "hang"        // until the client leaves
	Expired     Fault = "expired"     // the token in use is no longer good
	Refused     Fault = "refused"     // a field is not accepted
	Forbidden   Fault = "forbidden"   // a right is missing
	Redirect    Fault = "redirect"    // 302 to elsewhere

	Conflict   Fault = "conflict"   // HubSpot: 409 that names the existing id
	Partial    Fault = "partial"    // HubSpot: 207, the part failed
	Duplicates Fault = "duplicates" // Salesforce: 300; Dynamics: found by a rule
)

// Record is something in the CRM.
type Record struct {
	ID     string
	Key    string // by which it is found: address, external id, mark
	Fields map[string]any
}

// Fake is one vendor's server. It is an http.Handler and safe for concurrent use.
type Fake struct {
	kind   visit.CRMKind
	vendor vendor

	mu       sync.Mutex // guards what follows
	contacts map[string]*Record
	visits   map[string]*Record
	fields   map[string]map[string]any // properties that were set up, by name
	faults   []Fault
	dead     bool
	lag      int // searches that do not see what was written
	calls    []string
	breaches []string
	token    string
	tokens   int
	last     int
}

// vendor answers a request whose credentials hold; f.mu is held.
type vendor interface {
	serve(f *Fake, r *http.Request, body map[string]any) reply
	refuse(fault Fault) reply
	links(r *http.Request) bool // whether the request is authorised
}

// reply is an answer to be.
type reply struct {
	status int
	body   any // nil: empty
	header map[string]string
}

// New returns a fake of a vendor, ready to be written to.
func New(kind visit.CRMKind) *Fake {
	f := &Fake{kind: kind, contacts: map[string]*Record{}, visits: map[string]*Record{}, fields: map[string]map[string]any{}, token: "token-0"}
	switch kind {
	case visit.HubSpot:
		f.vendor = &hubSpot{f}
		f.fields["visit_id"] = map[string]any{"name": "visit_id", "type": "string", "hasUniqueValue": true}
	case visit.Salesforce:
		f.vendor = &salesforce{f}
		f.fields["Contact.Visitor_Id__c"], f.fields["Event.Visit_Id__c"] = map[string]any{}, map[string]any{}
	case visit.Dynamics:
		f.vendor = &dynamics{f}
	case visit.Pipedrive:
		f.vendor = &pipedrive{f}
		f.fields["Foyer visitor"] = map[string]any{"field_name": "Foyer visitor", "field_code": pipedriveField}
	default:
		panic("crmtest: no such vendor")
	}
	return f
}

// Secret is what a fake accepts as token or client secret.
const Secret = "canary-crm-secret"

// Account returns an account of the fake, which listens at url.
func (f *Fake) Account(url string) visit.CRMAccount {
	account := visit.CRMAccount{Name: "fake " + string(f.kind), Kind: f.kind, Settings: visit.CRMSettings{BaseURL: url}}
	switch f.kind {
	case visit.HubSpot:
		account.Credentials.Token = Secret
	case visit.Pipedrive:
		account.Credentials.Token = Secret
		account.Settings.VisitorField = pipedriveField
	case visit.Salesforce:
		account.Credentials = visit.CRMCredentials{ClientID: "client", ClientSecret: Secret}
	case visit.Dynamics:
		account.Credentials = visit.CRMCredentials{ClientID: "client", ClientSecret: Secret}
		account.Settings.TokenURL, account.Settings.Tenant = url+"/tenant/oauth2/v2.0/token", "tenant"
	}
	return account
}

// Misbehave queues faults, one a request from now on. Requests for tokens take
// none.
func (f *Fake) Misbehave(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, faults...)
}

// Behave drops faults that nobody has met.
func (f *Fake) Behave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.lag, f.dead = nil, 0, false
}

// Die makes every request hang, and Behave ends that for new ones.
func (f *Fake) Die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}

// Lag makes the next searches miss what was written.
func (f *Fake) Lag(searches int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lag = searches
}

// Bare takes away what a setup makes.
func (f *Fake) Bare() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.fields)
}

// AddContact puts a contact that the customer already had, and returns its id.
func (f *Fake) AddContact(email string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &Record{ID: f.id(), Fields: map[string]any{"email": email}, Key: email}
	f.contacts[r.ID] = r
	return r.ID
}

// Drop takes a contact away, as people do.
func (f *Fake) Drop(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.contacts, id)
}

// Contacts returns what there is, in no order.
func (f *Fake) Contacts() []Record { return f.records(&f.contacts) }

// Visits returns what there is, in no order.
func (f *Fake) Visits() []Record { return f.records(&f.visits) }

func (f *Fake) records(table *map[string]*Record) (list []Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range *table {
		list = append(list, Record{r.ID, r.Key, maps.Clone(r.Fields)})
	}
	return list
}

// Calls returns the requests that came, "METHOD /path", tokens included.
func (f *Fake) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Breaches returns what was asked of the fake that its vendor does not know. A
// client that keeps to the vendor's description leaves none.
func (f *Fake) Breaches() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.breaches)
}

// Tokens returns how often a token was asked for.
func (f *Fake) Tokens() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tokens
}

// id makes an id; f.mu is held.
func (f *Fake) id() string {
	f.last++
	switch f.kind {
	case visit.Dynamics:
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", f.last)
	case visit.Salesforce:
		return fmt.Sprintf("003%012dAAA", f.last)
	}
	return fmt.Sprint(1000 + f.last)
}

// breach notes a request that the vendor would not understand.
func (f *Fake) breach(format string, args ...any) {
	f.breaches = append(f.breaches, fmt.Sprintf(format, args...))
}

const mostBody = 64 << 10

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(io.LimitReader(r.Body, mostBody))
	f.mu.Lock()
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	if f.dead {
		f.mu.Unlock()
		<-r.Context().Done()
		return
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		answer := f.issue(r, string(text))
		f.mu.Unlock()
		answer.write(w)
		return
	}
	fault := f.next()
	answer := f.answer(r, text, fault)
	f.mu.Unlock()
	play(w, r, fault, answer)
}

func (f *Fake) next() Fault {
	if len(f.faults) == 0 {
		return None
	}
	fault := f.faults[0]
	f.faults = f.faults[1:]
	return fault
}

// answer does what the request asks for, unless the fault comes first.
func (f *Fake) answer(r *http.Request, text []byte, fault Fault) reply {
	switch fault {
	case Expired:
		f.token = fmt.Sprintf("token-%d", f.tokens+1) // which nobody has yet
		return f.vendor.refuse(Expired)
	case Limited, Refused, Forbidden, Conflict, Partial, Duplicates:
		return f.vendor.refuse(fault)
	case None, Lost, Cut:
		if !f.vendor.links(r) {
			return f.vendor.refuse(Expired)
		}
		body, ok := f.decode(r, text)
		if !ok {
			return f.vendor.refuse(Refused)
		}
		return f.vendor.serve(f, r, body)
	}
	return reply{}
}

func (f *Fake) decode(r *http.Request, text []byte) (map[string]any, bool) {
	if len(text) == 0 {
		return nil, true
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		f.breach("%s: not sent as JSON", r.URL.Path)
		return nil, false
	}
	var body map[string]any
	if err := json.Unmarshal(text, &body); err != nil {
		f.breach("%s: not JSON", r.URL.Path)
		return nil, false
	}
	return body, true
}

// play gives the answer, or what the fault makes of it.
func play(w http.ResponseWriter, r *http.Request, fault Fault, answer reply) {
	switch fault {
	case Unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case Lost:
		w.WriteHeader(http.StatusInternalServerError)
	case Cut:
		panic(http.ErrAbortHandler)
	case Garbage:
		garble(w)
	case Hang:
		<-r.Context().Done()
	case Page:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Maintenance</title>")
	case Empty:
		_, _ = io.WriteString(w, "{}")
	case Huge:
		_, _ = io.WriteString(w, `{"data":"`+strings.Repeat("x", 2<<20)+`"}`)
	case Redirect:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
	default:
		answer.write(w)
	}
}

func garble(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(conn, "Maintenance quill@example.inc\r\n\r\n")
	_ = conn.Close()
}

func (a reply) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// issue answers a request for a token (RFC 6749 4.4).
func (f *Fake) issue(r *http.Request, form string) reply {
	values, err := url.ParseQuery(form)
	if err != nil || r.Method != http.MethodPost || values.Get("grant_type") != "client_credentials" ||
		values.Get("client_id") != "client" || values.Get("client_secret") != Secret {
		return reply{status: 400, body: map[string]any{"error": "invalid_client", "error_description": "client identifier invalid"}}
	}
	if f.kind == visit.Dynamics && !strings.HasSuffix(values.Get("scope"), "/.default") {
		return reply{status: 400, body: map[string]any{"error": "invalid_scope"}}
	}
	f.tokens++
	f.token = fmt.Sprintf("token-%d", f.tokens)
	answer := map[string]any{"access_token": f.token, "token_type": "Bearer"}
	if f.kind == visit.Dynamics {
		answer["expires_in"] = 3599
	}
	return reply{status: 200, body: answer}
}

// bearer reports whether the request has the token that is good now.
func (f *Fake) bearer(r *http.Request) bool {
	want := f.token
	if f.kind == visit.HubSpot {
		want = Secret
	}
	return r.Header.Get("Authorization") == "Bearer "+want
}

// only reports whether an object has no other members than these.
func (f *Fake) only(where string, object map[string]any, names ...string) bool {
	for name := range object {
		if !slices.Contains(names, name) {
			f.breach("%s: unknown %q", where, name)
			return false
		}
	}
	return true
}

func text(object map[string]any, name string) string {
	s, _ := object[name].(string)
	return s
}

// byKey finds a record.
func byKey(table map[string]*Record, key string) *Record {
	for _, r := range table {
		if r.Key == key {
			return r
		}
	}
	return nil
}

// put makes or updates the record of a key.
func (f *Fake) put(table map[string]*Record, key string, fields map[string]any) (r *Record, made bool) {
	if r = byKey(table, key); r == nil {
		r, made = &Record{ID: f.id(), Key: key, Fields: map[string]any{}}, true
		table[r.ID] = r
	}
	maps.Copy(r.Fields, fields)
	return r, made
}
