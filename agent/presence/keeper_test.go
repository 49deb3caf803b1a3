package presence_test

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/presence"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/wire"
)

var (
	ada   = wire.PresentPerson{Name: "Lovelace, Ada"}
	peter = wire.PresentPerson{Name: "Quill, Peter", Overdue: true}
)

func TestNothingIsOpenUntilTheSiteWantsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Nil(t, r.Stats())
	require.Empty(t, r.Version())
	require.NoError(t, r.Take(&wire.PresenceSnapshot{Last: true, AsOf: noon}), "the site shows none")
	r.shows("v1", ada)
	b := r.serving()
	response, _ := b.get("/")
	require.Equal(t, http.StatusOK, response.StatusCode)

	require.NoError(t, r.Take(&wire.PresenceSnapshot{Last: true, AsOf: noon}), "switched off")
	require.Eventually(t, func() bool { return r.Stats() == nil && !r.onDisk() }, soon, time.Millisecond)
	require.False(t, answers(t, strings.TrimPrefix(b.base, "https://")))
	require.Empty(t, r.Version())
}

func (r *rig) onDisk() bool {
	_, err := os.Stat(filepath.Join(r.dir, "presence.list"))
	return err == nil
}

// answers reports whether a connection is taken at all.
func answers(t *testing.T, address string) bool {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, soon)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}

func TestListSurvivesARestartWithoutTheHub(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada, peter)
	fingerprint := func() string { r.serving(); return r.Stats().Fingerprint }
	before := fingerprint()
	require.Eventually(t, r.onDisk, soon, time.Millisecond)
	blob, err := os.ReadFile(filepath.Join(r.dir, "presence.list"))
	require.NoError(t, err)
	require.NotContains(t, string(blob), "Lovelace", "sealed")
	require.NotContains(t, string(blob), "argon2id")

	r.watch.pass(3 * time.Hour)
	r.start()
	require.Equal(t, "v1", r.Version(), "the hub need not send it again")
	b := r.serving()
	_, page := b.enter(pin)
	require.Contains(t, page, "Lovelace, Ada")
	require.Contains(t, page, "3 hours ago")
	require.Contains(t, page, "has not been reached since")
	require.Equal(t, before, r.Stats().Fingerprint, "what people have noted")
}

// TestNamesAreGoneAfterADay, on the page at the instant, from memory and disk at the
// next look, and after a restart as well.
func TestNamesAreGoneAfterADay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	b := r.serving()
	_, page := b.enter(pin)
	require.Contains(t, page, "Lovelace, Ada")
	require.Eventually(t, r.onDisk, soon, time.Millisecond)

	r.watch.pass(24*time.Hour - time.Minute)
	require.Equal(t, "v1", r.Version())
	b.enter(pin)
	_, page = b.get("/")
	require.Contains(t, page, "Lovelace, Ada", "the negative control: a minute before they are there")
	r.start()
	require.Equal(t, "v1", r.Version())

	r.watch.pass(time.Minute)
	require.Empty(t, r.Version())
	b = r.serving()
	_, page = b.enter(pin)
	require.NotContains(t, page, "Lovelace")
	require.Contains(t, page, "The names are deleted")
	r.stop()
	require.NotContains(t, r.content(), "Lovelace")
	r.start()
	require.Empty(t, r.Version())

	r.shows("v1", ada)
	b = r.serving()
	_, page = b.enter(pin)
	require.Contains(t, page, "Lovelace, Ada", "the hub is back")
	r.stop()
	require.Contains(t, r.content(), "Lovelace", "the negative control: what is kept is found")
}

func TestHubsWordThatNothingChangedKeepsTheNames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	for range 3 { // a weekend and a bit
		r.watch.pass(20 * time.Hour)
		require.NoError(t, r.Take(&wire.PresenceSnapshot{Version: "other", Last: true, AsOf: r.watch.now(), Unchanged: true}), "of another list it says nothing")
		require.NoError(t, r.Take(&wire.PresenceSnapshot{Version: "v1", Last: true, AsOf: r.watch.now(), Unchanged: true}))
	}
	r.start()
	require.Equal(t, "v1", r.Version(), "also on disk")
	r.watch.pass(20 * time.Hour)
	require.NoError(t, r.Take(&wire.PresenceSnapshot{Version: "other", Last: true, AsOf: r.watch.now(), Unchanged: true}))
	r.watch.pass(4 * time.Hour)
	require.Empty(t, r.Version())
	require.NoError(t, r.Take(&wire.PresenceSnapshot{Version: "v1", Last: true, AsOf: r.watch.now(), Unchanged: true}))
	require.Empty(t, r.Version(), "what is deleted does not come back by that")
}

func TestClockOfAnotherHubDoesNotLengthenTheDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.NoError(t, r.Take(&wire.PresenceSnapshot{Version: "v1", Last: true, AsOf: noon.Add(48 * time.Hour), Settings: settings(), People: []wire.PresentPerson{ada}}))
	r.watch.pass(24 * time.Hour)
	require.Empty(t, r.Version())
}

func TestWithdrawnAgentForgets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	r.serving()
	require.Eventually(t, r.onDisk, soon, time.Millisecond)
	r.Clear()
	require.Empty(t, r.Version())
	require.Eventually(t, func() bool { return r.Stats() == nil && !r.onDisk() }, soon, time.Millisecond)
}

func TestPartsAreSwappedInTogether(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	part := func(version string, n int, last bool, s *wire.PresenceSettings) error {
		return r.Take(&wire.PresenceSnapshot{Version: version, Part: n, Last: last, AsOf: noon, Settings: s, People: []wire.PresentPerson{peter}})
	}
	require.NoError(t, part("v2", 0, false, settings()))
	require.Equal(t, "v1", r.Version(), "not before the last")
	require.Error(t, part("v2", 2, true, nil), "one is missing")
	require.Error(t, part("v2", 1, true, nil), "and it begins anew then")
	require.NoError(t, part("v2", 0, false, settings()))
	require.Error(t, part("v3", 1, true, nil), "of another list")
	require.Equal(t, "v1", r.Version())
	require.NoError(t, part("v3", 0, false, settings()))
	require.NoError(t, part("v3", 0, false, settings()), "from the beginning, after a lost link")
	require.NoError(t, part("v3", 1, true, nil))
	require.Equal(t, "v3", r.Version())
	_, page := r.serving().enter(pin)
	require.Equal(t, 2, strings.Count(page, "Quill, Peter"))

	huge := make([]wire.PresentPerson, 60_000)
	require.Error(t, r.Take(&wire.PresenceSnapshot{Version: "v4", Last: true, AsOf: noon, Settings: settings(), People: huge}))
}

func TestBrokenFileIsNoReasonToStop(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	require.Eventually(t, r.onDisk, soon, time.Millisecond)
	r.stop()
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "presence.list"), []byte("not a list"), 0o600))
	r.start()
	require.Empty(t, r.Version())
	require.Eventually(t, func() bool { return !r.onDisk() }, soon, time.Millisecond)
	r.shows("v2", ada)
	require.Equal(t, "v2", r.Version())
}

func TestPortInUseIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := settings()
	s.Listen = taken.Addr().String()
	r.showsAs(s, "v1", ada)
	require.Eventually(t, func() bool { s := r.Stats(); return s != nil && s.Error == "address_in_use" }, soon, time.Millisecond)
	require.NoError(t, taken.Close())
	r.showsAs(s, "v2", ada)
	r.serving()

	other := *s
	other.Listen = "127.0.0.1:0"
	r.showsAs(&other, "v3", ada)
	require.Eventually(t, func() bool { return !answers(t, taken.Addr().String()) }, soon, time.Millisecond, "the site moved it")
	r.serving()
}

// TestForeignNetworksHearNothing: not even the TLS handshake is answered.
func TestForeignNetworksHearNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := settings()
	s.Networks = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}
	r.showsAs(s, "v1", ada)
	b := r.serving()
	heard := func() int {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(b.base, "https://"), soon)
		if err != nil {
			return 0 // it was faster than the dialler
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write(clientHello(t))
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
		n, _ := conn.Read(make([]byte, 1024))
		return n
	}
	require.Zero(t, heard())
	r.shows("v2", ada)
	require.Eventually(t, func() bool { return heard() > 0 }, soon, time.Millisecond, "the negative control: our network does")

	// Who was let in and is in none of the networks any more gets no answer either.
	response, _ := b.get("/")
	require.Equal(t, http.StatusOK, response.StatusCode)
	r.showsAs(s, "v3", ada)
	answer, err := b.client.Get(b.base + "/")
	if err == nil {
		_ = answer.Body.Close()
	}
	require.Error(t, err)
}

func TestOneSourceCannotTakeAllConnections(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.shows("v1", ada)
	address := strings.TrimPrefix(r.serving().base, "https://")
	var conns []net.Conn
	for range 12 {
		conn, err := net.DialTimeout("tcp", address, soon)
		if err != nil {
			continue // the reset was faster than the dialler
		}
		defer func() { _ = conn.Close() }()
		conns = append(conns, conn)
	}
	alive := 0
	for _, conn := range conns {
		_, _ = conn.Write(clientHello(t))
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
		if n, _ := conn.Read(make([]byte, 1024)); n > 0 {
			alive++
		}
	}
	require.Equal(t, 8, alive)
	for _, conn := range conns {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address, soon)
		if err != nil {
			return false
		}
		defer func() { _ = conn.Close() }()
		_, _ = conn.Write(clientHello(t))
		n, _ := conn.Read(make([]byte, 1024))
		return n > 0
	}, soon, time.Millisecond, "they make room")
}

func TestPlaceIsOneThatPeopleCanType(t *testing.T) {
	t.Parallel()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	require.Equal(t, "127.0.0.1:8444", presence.PlaceOf("[::]:8444", loopback))
	require.Equal(t, "127.0.0.1:8444", presence.PlaceOf("0.0.0.0:8444", loopback))
	require.Equal(t, "10.1.0.5:8444", presence.PlaceOf("10.1.0.5:8444", loopback))
	elsewhere := presence.PlaceOf("[::]:8444", []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	require.NotContains(t, elsewhere, "127.0.0.1")
	require.Contains(t, elsewhere, ":8444")
}

// content is the list on disk, opened.
func (r *rig) content() string {
	r.t.Helper()
	keys, err := vault.Open(filepath.Join(r.dir, "ledger.key"), rand.Reader)
	require.NoError(r.t, err)
	blob, err := os.ReadFile(filepath.Join(r.dir, "presence.list"))
	require.NoError(r.t, err)
	text, err := keys.Derive("presence").Open(blob, "presence.list")
	require.NoError(r.t, err)
	return string(text)
}
