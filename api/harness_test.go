package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/api/live"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is the API over a real database, behind a real HTTP server.
type bench struct {
	*storetest.Bench
	workflows *workflows
	url       string
	client    *http.Client
	log       *syncBuffer
	registry  *prometheus.Registry

	site  visit.SiteID
	other visit.SiteID
	admin string // a token that may everything
}

const publicURL = "https://foyer.example"

func setup(t *testing.T, options ...func(*api.Config)) *bench {
	t.Helper()
	b := &bench{Bench: storetest.New(t), log: &syncBuffer{}, registry: prometheus.NewRegistry(), client: &http.Client{}}
	b.workflows = &workflows{store: b.Store}
	logger := slog.New(slog.NewTextHandler(b.log, nil))
	notifier := store.NewNotifier(b.URL, logger)
	screens := live.New(live.Config{
		Store: b.Store, Notifications: notifier, Metrics: live.NewMetrics(b.registry), Logger: logger, Origin: publicURL, Now: b.Clock.Now,
	})
	config := api.Config{
		Store: b.Store, Workflows: b.workflows, Readiness: ready{b.Store}, Live: screens,
		Passwords: auth.NewPasswords(4, auth.Cost{Memory: 64, Time: 1, Lanes: 1}),
		Hash:      b.Keyring.MAC, Links: b.Keyring, CheckURL: webhook.Guard{}.CheckURL, CRMs: vendors(), Metrics: api.NewMetrics(b.registry), Logger: logger, Now: b.Clock.Now,
		Version: "test", PublicURL: publicURL, AgentURL: "https://agents.example:8443", AgentPin: make([]byte, 32),
		Ready: b.Ready,
	}
	for _, option := range options {
		option(&config)
	}
	server, err := api.New(config)
	require.NoError(t, err)
	b.serve(t, server.Handler(), notifier, screens)
	b.admin = b.token(t, store.Everything, auth.EveryPermission())
	b.site, b.other = b.newSite(t, "Berlin"), b.newSite(t, "Paris")
	return b
}

func (b *bench) serve(t *testing.T, handler http.Handler, notifier *store.Notifier, screens *live.Live) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() { _ = notifier.Run(ctx) })
	screens.Start()
	server := httptest.NewServer(handler)
	b.url = server.URL
	t.Cleanup(func() {
		b.client.CloseIdleConnections()
		require.NoError(t, screens.Stop(context.Background()))
		server.Close()
		cancel()
		listening.Wait()
		for _, private := range []string{"anary", "ada@", "foyer_", "foyerlogin_"} {
			require.NotContains(t, b.log.String(), private, "in the log")
		}
	})
}

func (b *bench) newSite(t *testing.T, name string) visit.SiteID {
	t.Helper()
	site, err := b.CreateSite(t.Context(), store.Caller{Actor: "user:setup", Scope: store.Everything}, visit.Site{
		Name: name, Timezone: "Europe/Berlin",
		Networks: []visit.Network{{SSID: "guests", Kind: visit.WPAPSK, PSK: canaryPSK}},
	})
	require.NoError(t, err)
	return site.ID
}

// Secrets that no answer to a GET may hold.
const (
	canaryPSK      = "canary-passphrase"
	canarySecret   = "canary-nas-secret"
	canaryPassword = "canary-password-1"
)

// token makes an API token and returns its secret.
func (b *bench) token(t *testing.T, scope store.Scope, permissions auth.Permissions) string {
	t.Helper()
	secret, err := auth.NewToken(rand.Reader, auth.APIToken)
	require.NoError(t, err)
	_, err = b.CreateToken(t.Context(), store.Caller{Actor: "user:setup", Scope: store.Everything}, store.NewToken{
		Name: "test", Permissions: permissions.Names(), Scope: scope, SecretHash: secret.Hash(),
	})
	require.NoError(t, err)
	return secret.Reveal()
}

// at is a role's token for one site.
func (b *bench) at(t *testing.T, role auth.Role, sites ...visit.SiteID) string {
	t.Helper()
	return b.token(t, store.Scope{Sites: sites}, role.Permissions())
}

// ready is readiness without notifications.
type ready struct{ *store.Store }

func (r ready) WaitAcked(ctx context.Context, site visit.SiteID, revision int64) (store.Readiness, error) {
	return r.Store.WaitAcked(ctx, nil, site, revision)
}

func (r ready) WatchVisit(visit.VisitID) (changed <-chan struct{}, stop func()) {
	return nil, func() {}
}

func (r ready) WaitNASTest(ctx context.Context, scope store.Scope, site visit.SiteID, nas visit.NASID, id string) (store.NASTest, error) {
	return r.Store.WaitNASTest(ctx, nil, scope, site, nas, id)
}

// fixed says what the agents know, whatever they do.
type fixed struct {
	api.Readiness
	readiness store.Readiness
}

func (f fixed) WaitAcked(context.Context, visit.SiteID, int64) (store.Readiness, error) {
	return f.readiness, nil
}

func withReady(readiness store.Readiness) func(*api.Config) {
	return func(c *api.Config) { c.Readiness = fixed{c.Readiness, readiness} }
}

// mode is how the workflow engine behaves.
type mode int

const (
	works  mode = iota
	hangs       // until the caller's deadline
	fails       // at once
	silent      // says yes and does nothing
)

// workflows does in a test what workflows do.
type workflows struct {
	store *store.Store
	mu    sync.Mutex
	mode  mode
	calls []string
}

func (w *workflows) set(m mode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mode = m
}

func (w *workflows) called() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.calls...)
}

func (w *workflows) run(ctx context.Context, name string, work func() error) error {
	w.mu.Lock()
	m := w.mode
	w.calls = append(w.calls, name)
	w.mu.Unlock()
	switch m {
	case hangs:
		<-ctx.Done()
		return visit.Unavailable("Temporal", ctx.Err())
	case fails:
		return visit.Unavailable("Temporal", io.ErrUnexpectedEOF)
	case silent:
		return nil
	case works:
	}
	return work()
}

func (w *workflows) CheckIn(ctx context.Context, id visit.VisitID, _ visit.SiteID, _ time.Time) error {
	return w.run(ctx, "check-in", func() error {
		_, err := w.store.IssueVoucher(ctx, id, store.Workflow)
		return err
	})
}

func (w *workflows) CheckOut(ctx context.Context, id visit.VisitID, _ visit.SiteID) error {
	return w.run(ctx, "check-out", func() error {
		_, err := w.store.RevokeVoucher(ctx, id, store.RevokeInput{By: store.Workflow})
		return err
	})
}

func (w *workflows) DepartureChanged(ctx context.Context, _ visit.VisitID, _ time.Time) error {
	return w.run(ctx, "departure-changed", func() error { return nil })
}

func (w *workflows) RetryTermination(ctx context.Context, _ visit.VisitID, _ int) (bool, error) {
	return true, w.run(ctx, "retry-termination", func() error { return nil })
}

func (w *workflows) SyncCRM(ctx context.Context, id visit.VisitID, _ visit.SiteID) error {
	return w.run(ctx, "crm "+string(id), func() error { return nil })
}

func (w *workflows) StartErase(ctx context.Context, _ visit.ErasureID) (bool, error) {
	return true, w.run(ctx, "erase", func() error { return nil })
}

// call is one request. Unset: GET, by nobody, without a body.
type call struct {
	method, path string
	as           string // a token
	key          string // Idempotency-Key
	body         any    // JSON of it; a string is sent as it is
	header       http.Header
}

// answer is what came back, read whole and judged.
type answer struct {
	status int
	header http.Header
	text   []byte
}

func (a answer) field(path string) any {
	var value any
	_ = json.Unmarshal(a.text, &value)
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func (a answer) string(path string) string {
	s, _ := a.field(path).(string)
	return s
}

func (a answer) list(path string) []any {
	l, _ := a.field(path).([]any)
	return l
}

func (c call) request(t *testing.T, b *bench) *http.Request {
	t.Helper()
	var body []byte
	switch v := c.body.(type) {
	case nil:
	case string:
		body = []byte(v)
	default:
		var err error
		body, err = json.Marshal(v)
		require.NoError(t, err)
	}
	if c.method == "" {
		c.method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(t.Context(), c.method, b.url+c.path, bytes.NewReader(body))
	require.NoError(t, err)
	for name, values := range c.header {
		request.Header[name] = values
	}
	if c.body != nil && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.as != "" {
		request.Header.Set("Authorization", "Bearer "+c.as)
	}
	if c.key != "" {
		request.Header.Set("Idempotency-Key", c.key)
	}
	return request
}

// do makes a request and holds the answer to the description.
func (b *bench) do(t *testing.T, c call) answer {
	t.Helper()
	request := c.request(t, b)
	response, err := b.client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	a := read(response)
	judge(t, request, a)
	return a
}

func read(response *http.Response) answer {
	text, err := io.ReadAll(response.Body)
	if err != nil {
		text = []byte(err.Error())
	}
	return answer{response.StatusCode, response.Header, text}
}

// want is do with a status.
func (b *bench) want(t *testing.T, status int, c call) answer {
	t.Helper()
	a := b.do(t, c)
	require.Equal(t, status, a.status, "%s %s: %s", c.method, c.path, a.text)
	return a
}

// refused is want for a problem with a code.
func (b *bench) refused(t *testing.T, status int, code string, c call) answer {
	t.Helper()
	a := b.want(t, status, c)
	require.Equal(t, "urn:foyer:problem:"+code, a.field("type"), string(a.text))
	return a
}

// document is the committed description, read by a library that shares no code
// with what made it.
var document = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile("../docs/openapi.json")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	return gorillamux.NewRouter(doc)
})

// judge holds an answer to what the description promises, to what every answer
// must be, and to what none may hold.
func judge(t *testing.T, request *http.Request, a answer) {
	t.Helper()
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	if a.status >= 400 {
		judgeProblem(t, a)
	}
	if request.Method == http.MethodGet {
		for _, secret := range []string{canaryPSK, canarySecret, canaryPassword, "\"password\":", "\"secret\":", "\"psk\"", "foyer_", "foyerlogin_"} {
			require.NotContains(t, string(a.text), secret)
		}
	}
	router, err := document()
	require.NoError(t, err)
	route, params, err := router.FindRoute(request)
	if err != nil {
		require.Contains(t, []int{404, 405, 403, 422}, a.status, "an answer that is not described: %s %s", request.Method, request.URL.Path)
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), out.SetBodyBytes(a.text)), "%s %s: %s", request.Method, request.URL.Path, a.text)
	if a.status < 300 && request.GetBody != nil {
		request.Body, err = request.GetBody()
		require.NoError(t, err)
		require.NoError(t, openapi3filter.ValidateRequest(t.Context(), in), "accepted, and not described so")
	}
}

func judgeProblem(t *testing.T, a answer) {
	t.Helper()
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	require.Regexp(t, `^urn:foyer:problem:[a-z_]+$`, a.string("type"))
	require.EqualValues(t, a.status, a.field("status"))
	require.NotEmpty(t, a.string("title"))
	for _, internal := range []string{"store", "postgres", "SQL", "pgx", "goroutine", "api.", "visit.Err"} {
		require.NotContains(t, a.string("detail"), internal)
	}
	if a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable {
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
}

// object is a JSON object.
type object = map[string]any

func (b *bench) registration() object {
	return object{
		"site_id": b.site, "purpose": "canary purpose",
		"visitor":            object{"first_name": "Ada", "last_name": "Canary-Quill", "email": "ada@canary.example", "company": "Quill"},
		"host":               object{"name": "Grace", "email": "grace@canary.example"},
		"expected_departure": b.Clock.Now().Add(2 * time.Hour),
	}
}

// expected registers a visit and returns its id.
func (b *bench) expected(t *testing.T) string {
	t.Helper()
	return b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: b.registration()}).string("visit.id")
}

// present registers a walk-in.
func (b *bench) present(t *testing.T) string {
	t.Helper()
	body := b.registration()
	body["check_in"] = true
	return b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body}).string("visit.id")
}

// gone is a visit that is checked out.
func (b *bench) gone(t *testing.T) string {
	t.Helper()
	id := b.present(t)
	b.want(t, 200, b.post(id, "check-out"))
	return id
}

// post is an action on a visit by the administrator.
func (b *bench) post(id, action string) call {
	return call{method: "POST", path: "/api/v1/visits/" + id + "/" + action, as: b.admin}
}

func (c call) by(token string) call     { c.as = token; return c }
func (c call) with(body any) call       { c.body = body; return c }
func (c call) keyed(key string) call    { c.key = key; return c }
func (c call) to(method, p string) call { c.method, c.path = method, p; return c }

// syncBuffer is a log that a test reads.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

var (
	everything = store.Everything
	all        = auth.EveryPermission()
)

func limiter(c *api.Config, burst int) *limit.Limiter {
	return limit.New(limit.Config{Rate: 0.01, Burst: burst, Keys: 100}, c.Now)
}

func newRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serveAlone serves a second process's handler.
func serveAlone(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
