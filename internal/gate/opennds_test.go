package gate_test

import (
	"encoding/base64"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/gate/gatetest"
)

const fasKey = "c775e7b757ede630cd0aa1113bd102661ab38829ca52a6422ab782862f268646"

func openNDS(level int) (*site, *gatetest.OpenNDS, device) {
	here := newSite(0)
	nas := gatetest.NewOpenNDS(here.world("https://portal.example/portal/p1"), level, fasKey)
	return here, nas, device{vendor: gate.OpenNDS, settings: gate.Settings{Level: level, Secret: fasKey, Hosts: []string{"192.168.8.1"}}}
}

func TestOpenNDSGatewayOpensForItsOwnTimeAtLevels1And2(t *testing.T) {
	t.Parallel()
	for _, level := range []int{1, 2} {
		here, nas, d := openNDS(level)
		for range 12 { // in each order of variables
			arrival := d.parse(t, nas.Redirect(guest, wanted))
			require.Equal(t, guest.MAC, arrival.MAC)
			require.Equal(t, guest.IP, arrival.IP)
			require.Equal(t, "Lobby: 2nd floor", arrival.AP)
			require.Equal(t, wanted, arrival.Continue)
		}
		release := d.release(t, d.parse(t, nas.Redirect(guest, wanted)), "", time.Hour)

		// The token opens for its client alone.
		nas.Redirect(neighbor, wanted)
		back := d.parse(t, goOn(t, nas, neighbor, release))
		require.Equal(t, neighbor.MAC, back.MAC)
		_, online := nas.Online(neighbor)
		require.False(t, online)

		require.Equal(t, success, goOn(t, nas, guest, release).String())
		until, online := nas.Online(guest)
		require.True(t, online)
		require.Equal(t, here.clock().Add(24*time.Hour), until)

		require.True(t, d.parse(t, goOn(t, nas, guest, release)).Online, "the gateway says who is in already")
	}
}

func TestOpenNDSForgedRedirects(t *testing.T) {
	t.Parallel()
	for _, level := range []int{1, 2, 3, 4} {
		_, nas, d := openNDS(level)
		adapter, _ := gate.Of(gate.OpenNDS)
		good := nas.Redirect(guest, wanted)
		_, other, _ := openNDS(level)
		other.Key = "another"

		refused := map[string]url.Values{
			"not base64": {"fas": {"%%%"}, "iv": {good.Query().Get("iv")}},
			"nothing":    {"fas": {""}, "iv": {""}},
			"twice":      {"fas": {good.Query().Get("fas"), good.Query().Get("fas")}, "iv": {good.Query().Get("iv")}},
			"oversize":   {"fas": {good.Query().Get("fas") + strings.Repeat("A", gate.MaxQuery)}, "iv": {good.Query().Get("iv")}},
		}
		if level == 2 || level == 3 {
			refused["another key"] = other.Redirect(guest, wanted).Query()
			refused["no vector"] = url.Values{"fas": good.Query()["fas"]}
			refused["a short vector"] = url.Values{"fas": good.Query()["fas"], "iv": {"0123"}}
			refused["in the clear"] = url.Values{"fas": {base64.StdEncoding.EncodeToString([]byte("hid=1, clientmac=" + guest.MAC + ", gatewayaddress=192.168.8.1:2050"))}, "iv": {"0123456789abcdef"}}
			refused["cut"] = url.Values{"fas": {good.Query().Get("fas")[:96]}, "iv": {good.Query().Get("iv")}}
		}
		if level < 3 {
			for what, host := range map[string]string{"another gateway": "203.0.113.1:2050", "a user": "192.168.8.1:2050@evil.example", "a path": "192.168.8.1:2050/x", "a query": "192.168.8.1:2050?x", "a backslash": `evil.example\.192.168.8.1`} {
				_, there, _ := openNDS(level)
				there.Address = &url.URL{Scheme: "http", Host: host}
				refused[what] = there.Redirect(guest, wanted).Query()
			}
		}
		for what, query := range refused {
			_, err := gate.Read(adapter, "https://portal.example/portal/p1?"+query.Encode(), d.settings)
			require.ErrorIs(t, err, gate.ErrForged, "level %d, %s", level, what)
		}
	}
}

func TestOpenNDSDirectoryStaysAWord(t *testing.T) {
	t.Parallel()
	adapter, _ := gate.Of(gate.OpenNDS)
	s := gate.Settings{Level: 1, Secret: fasKey, Hosts: []string{"192.168.8.1"}}
	for dir, want := range map[string]error{"in": nil, "": nil, "..": gate.ErrForged, "a/b": gate.ErrForged, "a?b": gate.ErrForged, "@evil.example": gate.ErrForged} {
		text := "hid=1, clientmac=" + guest.MAC + ", gatewayaddress=192.168.8.1:2050, authdir=" + dir
		_, err := gate.Read(adapter, "https://p.example/?fas="+url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(text))), s)
		require.ErrorIs(t, err, want, dir)
	}
}

// queue is the portal's, at one gateway.
type queue struct {
	t       *testing.T
	waiting []gate.Entry
	gateway string
}

func (q *queue) post(form url.Values) string {
	poll, ok := gate.ParsePoll(form)
	require.True(q.t, ok)
	if q.gateway == "" {
		q.gateway = poll.Gateway
	}
	require.Equal(q.t, q.gateway, poll.Gateway)
	body, done := poll.Answer(q.waiting)
	q.waiting = slices.DeleteFunc(q.waiting, func(e gate.Entry) bool { return slices.Contains(done, e.Client) })
	return body
}

func TestOpenNDSCollectsAtLevels3And4(t *testing.T) {
	t.Parallel()
	for level, plain := range map[int]bool{3: false, 4: true} {
		here, nas, d := openNDS(level)
		d.settings.Hosts = nil // nobody is sent there
		nas.Plain = plain
		arrival := d.parse(t, nas.Redirect(guest, wanted))
		q := &queue{t: t, gateway: arrival.Handle["hash"]}
		nas.Poll(q.post, false)

		release := d.release(t, arrival, "", 90*time.Minute+59*time.Second)
		q.waiting = []gate.Entry{*release.Queue}
		nas.Poll(q.post, false)
		until, online := nas.Online(guest)
		require.True(t, online)
		require.Equal(t, here.clock().Add(90*time.Minute), until, "the portal's time, rounded down")
		require.Empty(t, q.waiting, "acknowledged")

		require.Equal(t, 1, d.release(t, arrival, "", time.Second).Queue.Minutes, "never 0, which is the gateway's own time")
	}
}

func TestOpenNDSWhatIsNotAcknowledgedIsGivenAgain(t *testing.T) {
	t.Parallel()
	_, nas, d := openNDS(3)
	q := &queue{t: t}
	q.waiting = []gate.Entry{*d.release(t, d.parse(t, nas.Redirect(guest, wanted)), "", time.Hour).Queue}
	nas.Poll(q.post, true)
	_, online := nas.Online(guest)
	require.True(t, online)
	require.Len(t, q.waiting, 1)
	nas.Poll(q.post, false)
	require.Len(t, q.waiting, 1, "it is in already, which is no reason to acknowledge: the entry has to expire")

	nas.Start(q.post)
	_, online = nas.Online(guest)
	require.False(t, online)
	require.Empty(t, q.waiting, "a restarted gateway has nobody waiting")
}

func TestOpenNDSTakesFourAtATimeTheNewestFirst(t *testing.T) {
	t.Parallel()
	_, nas, d := openNDS(3)
	q := &queue{t: t}
	for i := range 9 {
		c := gatetest.Client{MAC: guest.MAC[:16] + string(rune('0'+i)), IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)})}
		q.waiting = append([]gate.Entry{*d.release(t, d.parse(t, nas.Redirect(c, wanted)), "", time.Hour).Queue}, q.waiting...)
		if i < 3 {
			nas.Leave(c)
		}
	}
	for _, left := range []int{5, 3, 3} {
		nas.Poll(q.post, false)
		require.Len(t, q.waiting, left)
	}
}

func TestOpenNDSOldAuthmonTakesTheListAway(t *testing.T) {
	t.Parallel()
	_, nas, d := openNDS(3)
	nas.Plain = true
	q := &queue{t: t}
	q.waiting = []gate.Entry{*d.release(t, d.parse(t, nas.Redirect(guest, wanted)), "", time.Hour).Queue}
	nas.List(q.post)
	_, online := nas.Online(guest)
	require.True(t, online)
	require.Empty(t, q.waiting)
}

func TestPollsThatAreNone(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0a", 32)
	for what, form := range map[string]url.Values{
		"no gateway":       {"auth_get": {"view"}},
		"another hash":     {"auth_get": {"view"}, "gatewayhash": {"../../etc"}},
		"a long hash":      {"auth_get": {"view"}, "gatewayhash": {hash + "00"}},
		"no action":        {"gatewayhash": {hash}},
		"another action":   {"auth_get": {"drop"}, "gatewayhash": {hash}},
		"two gateways":     {"auth_get": {"view"}, "gatewayhash": {hash, hash}},
		"two payloads":     {"auth_get": {"view"}, "gatewayhash": {hash}, "payload": {"none", "*"}},
		"a payload's size": {"auth_get": {"view"}, "gatewayhash": {hash}, "payload": {strings.Repeat("a", gate.MaxPoll)}},
	} {
		_, ok := gate.ParsePoll(form)
		require.False(t, ok, what)
	}
	poll, ok := gate.ParsePoll(url.Values{"auth_get": {"deauthed"}, "gatewayhash": {hash}, "payload": {"bWV0aG9kPXRpbWVvdXQ="}})
	require.True(t, ok)
	body, done := poll.Answer([]gate.Entry{{Client: "a", Text: "a 1 0 0 0 0 x"}})
	require.Equal(t, "ack", body)
	require.Empty(t, done)
}
