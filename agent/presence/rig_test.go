package presence_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/agent/presence"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	pin  = "74108529"
	soon = 30 * time.Second
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// hash is of the PIN, at a cost that tests can bear.
var hash = sync.OnceValue(func() string {
	h, err := auth.NewPasswords(1, auth.Cost{Memory: 64, Time: 1, Lanes: 1}).HashPIN(context.Background(), pin)
	if err != nil {
		panic(err)
	}
	return h
})

// watch is a clock that a test moves.
type watch struct {
	mu sync.Mutex // guards at
	at time.Time
}

func (w *watch) now() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.at }

func (w *watch) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.at = w.at.Add(d) }

// journal keeps what it is told.
type journal struct {
	mu      sync.Mutex // guards records
	records []wire.Record
}

func (j *journal) Enqueue(r wire.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
}

func (j *journal) sum() (opened, refused int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		opened, refused = opened+r.Presence.Opened, refused+r.Presence.Refused
	}
	return opened, refused
}

// rig is an agent's directory, and the keeper that runs on it now.
type rig struct {
	t       *testing.T
	dir     string
	watch   *watch
	journal *journal
	log     *bytes.Buffer
	*presence.Keeper
	stop func()
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), watch: &watch{at: noon}, journal: &journal{}, log: &bytes.Buffer{}, stop: func() {}}
	t.Cleanup(func() { r.stop() })
	r.start()
	return r
}

// start runs a keeper on the directory, as after a restart.
func (r *rig) start() {
	r.t.Helper()
	r.stop()
	keys, err := vault.Open(filepath.Join(r.dir, "ledger.key"), rand.Reader)
	require.NoError(r.t, err)
	r.Keeper = presence.New(presence.Config{
		Dir: r.dir, Keys: keys, Now: r.watch.now, Journal: r.journal,
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	r.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
}

func settings() *wire.PresenceSettings {
	return &wire.PresenceSettings{
		Site: "Berlin <Mitte>", Timezone: "Europe/Berlin", Listen: "127.0.0.1:0",
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PINHash: hash(),
	}
}

func (r *rig) shows(version string, people ...wire.PresentPerson) {
	r.t.Helper()
	r.showsAs(settings(), version, people...)
}

func (r *rig) showsAs(s *wire.PresenceSettings, version string, people ...wire.PresentPerson) {
	r.t.Helper()
	require.NoError(r.t, r.Take(&wire.PresenceSnapshot{Version: version, Last: true, AsOf: r.watch.now(), Settings: s, People: people}))
}

// serving waits until the list is served and returns a browser at its address.
func (r *rig) serving() *browser {
	r.t.Helper()
	require.Eventually(r.t, func() bool { s := r.Stats(); return s != nil && s.Address != "" }, soon, time.Millisecond)
	stats := r.Stats()
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	b := &browser{t: r.t, base: "https://" + stats.Address, language: "en"}
	b.transport = &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // as a person does, who then compares the fingerprint
		VerifyPeerCertificate: func(chain [][]byte, _ [][]*x509.Certificate) error {
			sum := sha256.Sum256(chain[0])
			if hex.EncodeToString(sum[:]) != stats.Fingerprint {
				return errors.New("another fingerprint than the hub was told")
			}
			return nil
		},
	}}
	b.client = &http.Client{Transport: b.transport, Jar: jar, Timeout: soon}
	r.t.Cleanup(b.transport.CloseIdleConnections)
	return b
}

// browser is somebody with a tablet.
type browser struct {
	t         *testing.T
	base      string
	language  string
	client    *http.Client
	transport *http.Transport
}

// reply is what a browser got, and the cookies that were set on the way.
type reply struct {
	StatusCode int
	Header     http.Header
	Cookies    []*http.Cookie
}

func (b *browser) do(method, path string, form url.Values, change func(*http.Request)) (reply, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Accept-Language", b.language)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", b.base)
	}
	if change != nil {
		change(request)
	}
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	out := reply{response.StatusCode, response.Header, nil}
	if before := response.Request.Response; before != nil { // the redirect that led here
		out.Cookies = before.Cookies()
	}
	return out, string(body)
}

func (b *browser) get(path string) (reply, string) {
	return b.do(http.MethodGet, path, nil, nil)
}

func (b *browser) enter(pin string) (reply, string) {
	return b.do(http.MethodPost, "/", url.Values{"pin": {pin}}, nil)
}
