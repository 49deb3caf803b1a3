package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/api/live"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const origin = "https://foyer.example"

var errUnknown = visit.Errorf(visit.KindUnauthenticated, "unauthenticated", "no")

// record is a store of events in memory.
type record struct {
	mu     sync.Mutex
	events []store.ChainEvent
	ends   map[string]int64
	looks  int
	broken error
}

func newRecord() *record { return &record{ends: map[string]int64{}} }

func (r *record) add(chain string) store.ChainEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[chain]++
	e := store.ChainEvent{Chain: chain, Seq: r.ends[chain], Event: visit.Event{
		ID: visit.EventID(uuid.NewString()), Kind: visit.EventCheckedIn, At: time.Now(),
		Actor: "user:canary", Data: map[string]any{"canary": true},
		SiteID: visit.SiteID(chain),
	}}
	r.events = append(r.events, e)
	return e
}

// audit moves a chain's end on without an event.
func (r *record) audit(chain string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[chain]++
}

func (r *record) EventCursors(context.Context, store.Scope) (map[string]int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ends := map[string]int64{}
	for chain, seq := range r.ends {
		ends[chain] = seq
	}
	return ends, r.broken
}

func (r *record) EventsAfter(_ context.Context, scope store.Scope, after map[string]int64, limit int) ([]store.ChainEvent, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	var out []store.ChainEvent
	each := map[string]int{}
	for _, e := range r.events {
		seen := scope.All
		for _, site := range scope.Sites {
			seen = seen || string(site) == e.Chain
		}
		if seen && e.Seq > after[e.Chain] && each[e.Chain] < limit {
			each[e.Chain]++
			out = append(out, e)
		}
	}
	return out, r.broken
}

func (r *record) Site(_ context.Context, scope store.Scope, id visit.SiteID) (visit.Site, error) {
	for _, site := range scope.Sites {
		if site == id {
			return visit.Site{ID: id}, nil
		}
	}
	if scope.All {
		return visit.Site{ID: id}, nil
	}
	return visit.Site{}, visit.ErrSiteNotFound
}

func (r *record) setBroken(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = err
}

func (r *record) lookCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.looks
}

// bell rings subscribers.
type bell struct {
	mu   sync.Mutex
	subs map[chan store.Notification]struct{}
}

func (b *bell) Subscribe(buffer int) (notifications <-chan store.Notification, cancel func()) {
	c := make(chan store.Notification, buffer)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subs[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs, c)
	}
}

func (b *bell) ring(kind store.NotificationKind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.subs {
		select {
		case c <- store.Notification{Kind: kind}:
		default:
		}
	}
}

// bundle is a Live behind a real HTTP server.
type bundle struct {
	*record
	bell  *bell
	live  *live.Live
	url   string
	gauge *prometheus.Registry

	mu    sync.Mutex
	again error // what credentials prove when asked again
}

type option func(*live.Live)

func setup(t *testing.T, options ...option) *bundle {
	t.Helper()
	b := &bundle{record: newRecord(), bell: &bell{subs: map[chan store.Notification]struct{}{}}, gauge: prometheus.NewRegistry()}
	b.live = live.New(live.Config{
		Store: b.record, Notifications: b.bell, Metrics: live.NewMetrics(b.gauge),
		Logger: slog.New(slog.DiscardHandler), Origin: origin + "/app", Now: time.Now,
	})
	b.live.Hasten(time.Hour, time.Minute, time.Hour)
	b.live.Patience(time.Minute)
	for _, o := range options {
		o(b.live)
	}
	b.live.Start()
	server := httptest.NewUnstartedServer(http.HandlerFunc(b.serve))
	server.Listener = narrow{server.Listener}
	server.Start()
	b.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		require.NoError(t, b.live.Stop(context.Background()))
		server.Close()
	})
	return b
}

// narrow keeps the kernel from taking megabytes for a peer that does not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(4096))
	}
	return c, err
}

// serve reads the principal's sites from a header: "all", or ids.
func (b *bundle) serve(w http.ResponseWriter, r *http.Request) {
	sites := auth.AllSites()
	list, isHost := strings.CutPrefix(r.Header.Get("X-Sites"), "host:")
	if list != "all" {
		sites = auth.Sites{}
		for id := range strings.SplitSeq(list, ",") {
			sites.IDs = append(sites.IDs, visit.SiteID(id))
		}
	}
	p := auth.Principal{Kind: auth.KindUser, ID: "u", Sites: sites, Permissions: auth.NewPermissions(auth.VisitsRead)}
	if isHost {
		p.Host = "host@example.org"
	}
	again := func(context.Context) (auth.Principal, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return p, b.again
	}
	if err := b.live.Handle(w, r.WithContext(auth.WithIdentity(r.Context(), auth.Identity{Principal: p, Again: again}))); err != nil {
		http.Error(w, string(visit.KindOf(err)), http.StatusTeapot)
	}
}

// refused dials and returns the kind of the refusal.
func (b *bundle) refused(t *testing.T, query string, header http.Header) string {
	t.Helper()
	_, response, err := websocket.DefaultDialer.Dial(b.url+"?"+query, header)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return strings.TrimSpace(string(body))
}

func (b *bundle) setAgain(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.again = err
}

// closed is how many screens ended for a reason.
func (b *bundle) closed(t *testing.T, reason string) float64 {
	t.Helper()
	families, err := b.gauge.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "foyer_live_closed_total" && metric.GetLabel()[0].GetValue() == reason {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

type client struct {
	t *testing.T
	*websocket.Conn
	cursor string
	last   string // type of the last message
}

type frame struct {
	Type, Cursor string
	VisitID      string `json:"visit_id"`
	Event        map[string]any
}

func (b *bundle) dial(t *testing.T, sites, query string) *client {
	t.Helper()
	return b.dialWith(t, websocket.DefaultDialer, sites, query)
}

func (b *bundle) dialWith(t *testing.T, dialer *websocket.Dialer, sites, query string) *client {
	t.Helper()
	conn, response, err := dialer.Dial(b.url+"?"+query, http.Header{"X-Sites": {sites}})
	require.NoError(t, err)
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t: t, Conn: conn}
}

// lazy takes little that it has not read.
var lazy = &websocket.Dialer{NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetReadBuffer(4096))
	}
	return c, err
}}

func (c *client) next() (frame, error) {
	var f frame
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return f, err
	}
	kind, text, err := c.ReadMessage()
	if err != nil {
		return f, err
	}
	require.Equal(c.t, websocket.TextMessage, kind)
	require.NotContains(c.t, string(text), "canary")
	require.NoError(c.t, json.Unmarshal(text, &f), string(text))
	if c.last = f.Type; f.Cursor != "" {
		c.cursor = f.Cursor
	}
	return f, nil
}

func (c *client) expect(kind string) frame {
	c.t.Helper()
	f, err := c.next()
	require.NoError(c.t, err)
	require.Equal(c.t, kind, f.Type)
	return f
}

func (c *client) expectEvents(events ...store.ChainEvent) {
	c.t.Helper()
	for _, e := range events {
		require.EqualValues(c.t, e.ID, c.expect("event").Event["id"])
	}
}

func (c *client) expectClose(code int) {
	c.t.Helper()
	for {
		_, err := c.next()
		if err != nil {
			require.True(c.t, websocket.IsCloseError(err, code), "%v", err)
			return
		}
	}
}

const (
	siteA = "018f0000-0000-7000-8000-00000000000a"
	siteB = "018f0000-0000-7000-8000-00000000000b"
)

func TestEveryScreenIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.add(siteA)
	var screens []*client
	for range 20 {
		c := b.dial(t, siteA, "")
		c.expect("hello")
		screens = append(screens, c)
	}
	looks := b.lookCount()
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	for _, c := range screens {
		f := c.expect("event")
		require.EqualValues(t, e.ID, f.Event["id"])
		require.Equal(t, siteA, f.Event["site_id"])
		require.NotContains(t, f.Event, "actor")
		require.NotContains(t, f.Event, "data")
		at, ok := live.ParseCursor(f.Cursor)
		require.True(t, ok)
		require.Equal(t, map[string]int64{siteA: 2}, at)
	}
	require.Equal(t, looks+1, b.lookCount(), "one look for all screens")
}

func TestScreensSeeTheirSitesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, all, chosen := b.dial(t, siteA, ""), b.dial(t, "all", ""), b.dial(t, siteA+","+siteB, "site_id="+siteB)
	for _, c := range []*client{one, all, chosen} {
		c.expect("hello")
	}
	inB, inA := b.add(siteB), b.add(siteA)
	b.bell.ring(store.NotifyVisit)
	all.expectEvents(inB, inA)
	one.expectEvents(inA)
	chosen.expectEvents(inB)

	at, _ := live.ParseCursor(one.cursor)
	require.Equal(t, map[string]int64{siteA: 1}, at, "a cursor tells nothing of other sites")
	again := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	one.expectEvents(again) // and nothing of B in between
}

func TestRefusedBeforeTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, x := range map[string]struct {
		query, origin string
		want          visit.Kind
	}{
		"foreign page":        {"", "https://evil.example", visit.KindForbidden},
		"other scheme":        {"", "http://foyer.example", visit.KindForbidden},
		"other port":          {"", "https://foyer.example:444", visit.KindForbidden},
		"null":                {"", "null", visit.KindForbidden},
		"prefix":              {"", "https://foyer.example.evil.example", visit.KindForbidden},
		"other site":          {"site_id=" + siteB, origin, visit.KindNotFound},
		"parameter not known": {"token=x", origin, visit.KindInvalid},
	} {
		require.Equal(t, string(x.want), b.refused(t, x.query, http.Header{"X-Sites": {siteA}, "Origin": {x.origin}}), name)
	}
	for _, good := range []string{origin, "https://FOYER.example"} {
		conn, response, err := websocket.DefaultDialer.Dial(b.url, http.Header{"X-Sites": {siteA}, "Origin": {good}})
		require.NoError(t, err)
		_ = response.Body.Close()
		_ = conn.Close()
	}
	response, err := http.Get("http" + strings.TrimPrefix(b.url, "ws"))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, string(visit.KindInvalid), strings.TrimSpace(string(body)), "not a WebSocket")
}

// P12: a screen that is cut at any place gets the rest by its cursor: nothing twice,
// nothing lost.
func TestResumeByCursor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const cuts, each = 1000, 7
	c := b.dial(t, siteA+","+siteB, "")
	c.expect("hello")
	var want, got []string
	for cut := range cuts {
		for i := range each {
			want = append(want, string(b.add([]string{siteA, siteB}[(cut+i)%2]).ID))
		}
		b.bell.ring(store.NotifyEvent)
		// Sometimes more is read than came, so that the rest stays short enough to be replayed.
		for range min(cut%(2*each+1), len(want)-len(got)) {
			got = append(got, fmt.Sprint(c.expect("event").Event["id"]))
		}
		require.NoError(t, c.Close())
		c = b.dial(t, siteA+","+siteB, "cursor="+c.cursor)
		c.expect("hello")
	}
	for range len(want) - len(got) {
		got = append(got, fmt.Sprint(c.expect("event").Event["id"]))
	}
	require.ElementsMatch(t, want, got)
	last := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	c.expectEvents(last) // nothing was left over
}

// The negative control: it is the cursor that brings what came meanwhile.
func TestWithoutItsCursorAScreenMissesEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.dial(t, siteA, "")
	c.expect("hello")
	require.NoError(t, c.Close())
	missed := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	with, without := b.dial(t, siteA, "cursor="+c.cursor), b.dial(t, siteA, "")
	with.expect("hello")
	without.expect("hello")
	last := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	with.expectEvents(missed, last)
	without.expectEvents(last)
}

// Another replica began after an audit row that is no event: its cursor is ahead
// of ours, and all the same nothing was missed.
func TestCursorOfAnotherReplica(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.dial(t, siteA, "")
	first.expect("hello")
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	first.expectEvents(e)
	b.audit(siteA)
	c := b.dial(t, siteA, "cursor="+live.Cursor(map[string]int64{siteA: 2}))
	c.expect("hello")
	e = b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	c.expectEvents(e)
}

func TestCursorsThatCannotBeResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 1200 {
		b.add(siteA)
	}
	for name, cursor := range map[string]string{
		"too old":      live.Cursor(map[string]int64{siteA: 10}),
		"empty":        live.Cursor(map[string]int64{}),
		"other world":  live.Cursor(map[string]int64{siteA: 2000}),
		"nonsense":     "nonsense!",
		"other format": "AgAA",
		"cut off":      live.Cursor(map[string]int64{siteA: 1199})[:12],
	} {
		c := b.dial(t, siteA, "cursor="+cursor)
		c.expect("resync")
		at, ok := live.ParseCursor(c.cursor)
		require.True(t, ok, name)
		require.Equal(t, map[string]int64{siteA: 1200}, at, name)
	}
	c := b.dial(t, siteA, "cursor="+live.Cursor(map[string]int64{siteA: 300, siteB: 5}))
	c.expect("hello")
	for range 900 {
		c.expect("event")
	}
}

// One screen stops reading while many events come. It is cut with 1013; the
// others get every event, and so does it when it comes back.
func TestSlowScreenIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	slow, good := b.dialWith(t, lazy, siteA, ""), b.dial(t, siteA, "")
	slow.expect("hello")
	good.expect("hello")
	const events = 2000
	added := make([]store.ChainEvent, 0, events)
	for range events {
		added = append(added, b.add(siteA))
	}
	b.bell.ring(store.NotifyEvent)
	good.expectEvents(added...)

	seen := 0
	for {
		f, err := slow.next()
		if err != nil {
			require.True(t, websocket.IsCloseError(err, websocket.CloseTryAgainLater), "%v", err)
			break
		}
		require.EqualValues(t, added[seen].ID, f.Event["id"])
		seen++
	}
	require.Less(t, seen, events)
	back := b.dial(t, siteA, "cursor="+slow.cursor)
	if f, err := back.next(); f.Type == "hello" {
		require.NoError(t, err)
		back.expectEvents(added[seen:]...)
	} else {
		require.Equal(t, "resync", f.Type)
		require.Greater(t, events-seen, 1000)
	}
}

// A peer whose kernel takes nothing any more is given up after the write
// deadline, and holds up nobody until then.
func TestDeadPeerIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t, func(l *live.Live) { l.Patience(300 * time.Millisecond) })
	dead, good := b.dialWith(t, lazy, siteA, ""), b.dial(t, siteA, "")
	dead.expect("hello")
	good.expect("hello")
	for range 1000 {
		b.add(siteA)
	}
	b.bell.ring(store.NotifyEvent)
	for range 1000 {
		good.expect("event")
	}
	require.Eventually(t, func() bool { return b.closed(t, "slow") == 1 }, 10*time.Second, 10*time.Millisecond)
}

// The negative control of the tests above: who reads is not cut, however many
// events come at once.
func TestBurstCutsNobodyWhoReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const events, screens = 1500, 6
	var wait sync.WaitGroup
	counts := make([]int, screens)
	for i := range screens {
		c := b.dial(t, siteA, "")
		c.expect("hello")
		wait.Go(func() {
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			for counts[i] < events {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
				counts[i]++
			}
		})
	}
	for range events {
		b.add(siteA)
	}
	b.bell.ring(store.NotifyEvent)
	wait.Wait()
	for _, n := range counts {
		require.Equal(t, events, n)
	}
}

func TestLostNotificationsAreMadeUpFor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(l *live.Live) { l.Hasten(20*time.Millisecond, time.Minute, time.Hour) })
	c := b.dial(t, siteA, "")
	c.expect("hello")
	c.expectEvents(b.add(siteA)) // nobody rings

	// And when listening begins again, at once.
	d := setup(t)
	c = d.dial(t, siteA, "")
	c.expect("hello")
	missed := d.add(siteA)
	d.bell.ring(store.NotifyResync)
	c.expectEvents(missed)
}

func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.dial(t, siteA, "")
	c.expect("hello")
	b.setBroken(errors.New("connection refused"))
	first := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	require.Equal(t, string(visit.KindUnavailable), b.refused(t, "", http.Header{"X-Sites": {siteA}}))
	b.setBroken(nil)
	second := b.add(siteA)
	b.bell.ring(store.NotifyResync)
	c.expectEvents(first, second)
}

func TestRevokedCredentialsEndTheScreen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.dial(t, siteA, "")
	c.expect("hello")
	b.setAgain(visit.Unavailable("database", nil))
	b.bell.ring(store.NotifyAccess) // no answer is no reason to cut
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	c.expectEvents(e)
	b.setAgain(errUnknown)
	b.bell.ring(store.NotifyAccess)
	c.expectClose(websocket.ClosePolicyViolation)

	m := setup(t)
	c = m.dial(t, siteA, "")
	c.expect("hello")
	m.setAgain(errUnknown)
	m.bell.ring(store.NotifyResync) // the revoke may have been said while nobody listened
	c.expectClose(websocket.ClosePolicyViolation)

	d := setup(t, func(l *live.Live) { l.Hasten(time.Hour, time.Minute, 20*time.Millisecond) })
	c = d.dial(t, siteA, "")
	c.expect("hello")
	d.setAgain(errUnknown)
	c.expectClose(websocket.ClosePolicyViolation)
}

func TestSilentPeerIsLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, func(l *live.Live) { l.Hasten(time.Hour, time.Second, time.Hour) })
	alive, silent := b.dial(t, siteA, ""), b.dial(t, siteA, "")
	silent.SetPingHandler(func(string) error { return nil })
	alive.expect("hello")
	silent.expect("hello")
	pings := 0
	answer := alive.PingHandler()
	alive.SetPingHandler(func(data string) error {
		if pings++; pings == 5 {
			b.add(siteA)
			b.bell.ring(store.NotifyEvent)
		}
		return answer(data)
	})
	alive.expect("event") // after five pings
	for {
		if _, err := silent.next(); err != nil {
			return
		}
	}
}

func TestLongMessagesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.dial(t, siteA, "")
	c.expect("hello")
	require.NoError(t, c.WriteMessage(websocket.TextMessage, []byte("a short one is ignored")))
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	c.expectEvents(e)
	require.NoError(t, c.WriteMessage(websocket.BinaryMessage, make([]byte, 5000)))
	c.expectClose(websocket.CloseMessageTooBig)
}

func TestStopSaysThatItRestarts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.dial(t, siteA, "")
	c.expect("hello")
	require.NoError(t, b.live.Stop(t.Context()))
	c.expectClose(websocket.CloseServiceRestart)
	require.Equal(t, string(visit.KindUnavailable), b.refused(t, "", http.Header{"X-Sites": {siteA}}))
	require.NoError(t, b.live.Stop(t.Context()))
}

func TestAQuietLinkBeats(t *testing.T) {
	t.Parallel()
	b := setup(t, func(l *live.Live) { l.Beat(10 * time.Millisecond) })
	c := b.dial(t, siteA, "")
	c.expect("hello")
	began := c.cursor
	c.expect("beat")
	require.Equal(t, began, c.cursor)
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	for f := c.expectAny("beat", "event"); f.Type != "event"; f = c.expectAny("beat", "event") {
		require.Equal(t, began, f.Cursor, "not ahead of what was sent")
	}
	after := c.cursor
	require.NotEqual(t, began, after)
	require.Equal(t, after, c.expect("beat").Cursor)

	missed := b.add(siteA)
	again := b.dial(t, siteA, "cursor="+after)
	again.expect("hello")
	for f := again.expectAny("beat", "event"); f.Type != "event"; f = again.expectAny("beat", "event") {
	}
	require.NotEqual(t, e.ID, missed.ID)
}

func TestMessagesComeInsteadOfBeats(t *testing.T) {
	t.Parallel()
	b := setup(t, func(l *live.Live) { l.Beat(time.Hour) })
	c := b.dial(t, siteA, "")
	c.expect("hello")
	e := b.add(siteA)
	b.bell.ring(store.NotifyEvent)
	c.expectEvents(e)
}

func TestNewsOfAVisitsPageGoToWhoSeesItsSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a, everywhere, other := b.dial(t, siteA, ""), b.dial(t, "all", ""), b.dial(t, siteB, "")
	for _, c := range []*client{a, everywhere, other} {
		c.expect("hello")
	}
	host := b.dial(t, "host:"+siteA, "")
	host.expect("hello")
	b.bell.send(store.Notification{Kind: store.NotifyDetail, SiteID: siteA, Object: "visit-1"})
	e, elsewhere := b.add(siteA), b.add(siteB)
	b.bell.ring(store.NotifyEvent)
	for _, c := range []*client{a, everywhere} {
		require.Equal(t, "visit-1", c.expect("detail").VisitID)
	}
	a.expectEvents(e)
	other.expectEvents(elsewhere)
	require.NoError(t, b.live.Stop(t.Context()))
	host.expectClose(1012)
	require.NotEqual(t, "detail", host.last, "whose visit it is, is not known here")
}

func (c *client) expectAny(kinds ...string) frame {
	c.t.Helper()
	f, err := c.next()
	require.NoError(c.t, err)
	require.Contains(c.t, kinds, f.Type)
	return f
}

func (b *bell) send(n store.Notification) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.subs {
		c <- n
	}
}
