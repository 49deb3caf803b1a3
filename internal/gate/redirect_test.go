package gate

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnward(t *testing.T) {
	t.Parallel()
	for from, to := range map[string]string{
		"http://example.com/a?b=c":                   "http://example.com/a?b=c",
		"https://example.com":                        "https://example.com",
		"example.com/a":                              "http://example.com/a",
		"//example.com/a":                            "http://example.com/a",
		"":                                           "",
		"javascript:alert(1)":                        "",
		"javascript://example.com/%0aalert(1)":       "",
		"data:text/html,<script>":                    "",
		"http://user@example.com/":                   "",
		"http://example.com\\@evil.example/":         "",
		"http://exa mple.com/":                       "",
		"http://example.com/\r\nSet-Cookie: a=b":     "",
		"http://":                                    "",
		"http://" + strings.Repeat("a", maxContinue): "",
	} {
		require.Equal(t, to, onward(from), from)
	}
}

func TestParametersAreReadOnce(t *testing.T) {
	t.Parallel()
	r := read(url.Values{"mac": {"AA-BB-CC-DD-EE-FF", "00:00:00:00:00:01"}})
	require.Empty(t, r.mac("mac"))
	require.ErrorIs(t, r.err, ErrForged)

	r = read(url.Values{"mac": {"none"}})
	r.mac("mac")
	require.ErrorIs(t, r.err, ErrForged)

	r = read(url.Values{"a": {strings.Repeat("a", MaxQuery)}})
	require.ErrorIs(t, r.err, ErrForged)

	r = read(url.Values{"ssid": {strings.Repeat("ü", 40) + "\x1b[2J"}, "ap": {"AABB.CCDD.EEFF"}, "ip": {"::ffff:10.0.0.1"}})
	require.Equal(t, strings.Repeat("ü", 32), r.label("ssid"))
	require.Equal(t, "aa:bb:cc:dd:ee:ff", r.label("ap"))
	require.Equal(t, "10.0.0.1", r.ip("ip").String())
	require.NoError(t, r.err)
}

func TestSecondQuestionMark(t *testing.T) {
	t.Parallel()
	given := url.Values{"v": {"1?mac=aa:bb:cc:dd:ee:ff"}, "url": {"http://a.example/?mac=00:00:00:00:00:01"}}
	r := read(given, "mac", "url")
	require.Equal(t, "aa:bb:cc:dd:ee:ff", r.mac("mac"))
	require.NoError(t, r.err)
	require.NotContains(t, given, "mac", "the caller's query is left alone")

	r = read(url.Values{"v": {"1?mac=aa:bb:cc:dd:ee:ff"}, "mac": {"00:00:00:00:00:01"}}, "mac")
	r.mac("mac")
	require.ErrorIs(t, r.err, ErrForged, "once hidden and once not is twice")
}

func TestWithQueryReplacesAndKeepsOctets(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("https://n1.network-auth.com/grant?h=a%2fb+c&duration=9&%64uration=8&x")
	require.NoError(t, err)
	require.Equal(t, "https://n1.network-auth.com/grant?h=a%2fb+c&x&duration=60&to=https%3A%2F%2Fa%2F%3Fb%3Dc%26d",
		withQuery(u, Field{"duration", "60"}, Field{"to", "https://a/?b=c&d"}).String())
	require.Equal(t, "9", u.Query().Get("duration"), "a copy")
}

func TestTimeIsRoundedDownAndNeverZero(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]int{-time.Hour: 1, 0: 1, time.Millisecond: 1, 1999 * time.Millisecond: 1, time.Hour - 1: 3599} {
		require.Equal(t, want, seconds(left))
	}
	require.Equal(t, 1, minutes(59*time.Second))
	require.Equal(t, 59, minutes(time.Hour-1))
}
