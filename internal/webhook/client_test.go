package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
	"github.com/foyerhq/foyer/internal/webhook/webhooktest"
)

const canary = "canary-of-the-path"

var atLoopback = webhook.Guard{Allowed: []netip.Prefix{webhooktest.Loopback}}

func newClient(t *testing.T, r *webhooktest.Receiver, change func(*webhook.Options)) *webhook.Client {
	t.Helper()
	options := webhook.Options{Guard: atLoopback, RootCAs: r.RootCAs()}
	if change != nil {
		change(&options)
	}
	client := webhook.New(options)
	t.Cleanup(client.Close)
	return client
}

func request(t *testing.T, to string) webhook.Request {
	t.Helper()
	return webhook.Request{
		URL: to + "/" + canary + "?token=" + canary, ID: "0198f0a2-event", Body: []byte(`{"type":"visitor.checked_in"}`),
		Secrets: []webhook.Secret{secret(t, "current"), secret(t, "old")},
	}
}

func TestSendDelivers(t *testing.T) {
	t.Parallel()
	r := webhooktest.NewReceiver(t, secret(t, "current").Reveal(), secret(t, "old").Reveal())
	r.Behave(webhooktest.Accept, webhooktest.Status(200), webhooktest.Status(299))
	at := time.Now().Add(-time.Hour)
	client := newClient(t, r, func(o *webhook.Options) { o.Now = func() time.Time { at = at.Add(time.Minute); return at } })
	for range 3 {
		receipt, err := client.Send(t.Context(), request(t, r.URL()))
		require.NoError(t, err)
		require.Empty(t, receipt.Reason)
		require.GreaterOrEqual(t, receipt.Status, 200)
	}
	got := r.Deliveries()
	require.Len(t, got, 3)
	for _, delivery := range got {
		require.Equal(t, "0198f0a2-event", delivery.ID)
		require.Equal(t, 2, delivery.Verified, "both signatures, by the official library")
		require.Equal(t, "application/json", delivery.Header.Get("Content-Type"))
		require.JSONEq(t, `{"type":"visitor.checked_in"}`, string(delivery.Body))
	}
	require.True(t, got[1].At.After(got[0].At), "the timestamp is the attempt's")
	require.Equal(t, 1, r.Dials(), "one connection is used again")
}

// TestSendVerdicts is what each status comes to.
func TestSendVerdicts(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]struct {
		kind visit.Kind
		code string
	}{
		301: {visit.KindUnavailable, "status_301"}, 308: {visit.KindUnavailable, "status_308"},
		400: {visit.KindUnavailable, "status_400"}, 401: {visit.KindUnavailable, "status_401"}, 404: {visit.KindUnavailable, "status_404"},
		410: {visit.KindGone, "webhook_gone"}, 429: {visit.KindLimited, "status_429"},
		500: {visit.KindUnavailable, "status_500"}, 501: {visit.KindUnavailable, "status_501"},
		502: {visit.KindLimited, "status_502"}, 503: {visit.KindLimited, "status_503"}, 504: {visit.KindLimited, "status_504"},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			r := webhooktest.NewReceiver(t)
			r.Behave(webhooktest.Status(status, "Retry-After", "120", "Location", "https://127.0.0.1:1/"))
			receipt, err := newClient(t, r, nil).Send(t.Context(), request(t, r.URL()))
			refusal := refusalOf(t, err)
			require.Equal(t, want.kind, refusal.Kind)
			require.Equal(t, visit.Receipt{Status: status, Reason: want.code}, receipt)
			if want.kind == visit.KindLimited {
				require.Equal(t, 2*time.Minute, refusal.RetryAfter)
			} else {
				require.Zero(t, refusal.RetryAfter)
			}
		})
	}
}

// refusalOf returns the domain error, having looked for what must not be in it.
func refusalOf(t *testing.T, err error) *visit.Error {
	t.Helper()
	refusal, ok := errors.AsType[*visit.Error](err)
	require.True(t, ok, "%v", err)
	text := fmt.Sprintf("%v %+v %v", err, *refusal, refusal.Err)
	for _, hidden := range []string{canary, webhooktest.Body, "whsec_"} {
		require.NotContains(t, text, hidden)
	}
	return refusal
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "1.5": 0, "0": time.Second, "1": time.Second, "90": 90 * time.Second, "86400": 24 * time.Hour,
		"86401": 24 * time.Hour, "2147483647": 24 * time.Hour, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:05:00 GMT": 5 * time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": time.Second,
		"Wed, 01 Mar 2028 12:00:00 GMT": 24 * time.Hour,
	} {
		require.Equal(t, want, webhook.RetryAfter(http.Header{"Retry-After": {text}}, now), text)
	}
	require.Zero(t, webhook.RetryAfter(http.Header{}, now))
}

// TestSendSurvivesBadManners has each kind of receiver that gives no proper
// answer, and those that never stop giving one.
func TestSendSurvivesBadManners(t *testing.T) {
	t.Parallel()
	type manner func(*webhooktest.Receiver) webhooktest.Manner
	plain := func(m webhooktest.Manner) manner { return func(*webhooktest.Receiver) webhooktest.Manner { return m } }
	for name, tc := range map[string]struct {
		manner manner
		code   string // empty: delivered all the same
	}{
		"hang":        {func(r *webhooktest.Receiver) webhooktest.Manner { return r.Hang }, webhook.CodeTimeout},
		"drip":        {func(r *webhooktest.Receiver) webhooktest.Manner { return r.Drip }, ""},
		"huge":        {func(r *webhooktest.Receiver) webhooktest.Manner { return r.Huge }, ""},
		"huge header": {plain(webhooktest.HugeHeader), webhook.CodeAnswer},
		"reset":       {plain(webhooktest.Reset), webhook.CodeReset},
		"garbage":     {plain(webhooktest.Garbage), webhook.CodeAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := webhooktest.NewPlainReceiver(t) // HTTP/1, which can be broken off
			r.Behave(tc.manner(r))
			client := newClient(t, r, func(o *webhook.Options) { o.Timeout = 2 * time.Second })
			began := time.Now()
			receipt, err := client.Send(t.Context(), request(t, r.URL()))
			require.Less(t, time.Since(began), 10*time.Second)
			if tc.code == "" {
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, receipt.Status)
				return
			}
			require.Equal(t, visit.KindUnavailable, refusalOf(t, err).Kind)
			require.Equal(t, visit.Receipt{Reason: tc.code}, receipt)
		})
	}
}

func TestSendTLS(t *testing.T) {
	t.Parallel()
	r := webhooktest.NewReceiver(t)
	for name, change := range map[string]func(*webhook.Options){
		"unknown authority": func(o *webhook.Options) { o.RootCAs = nil },
		"other name": func(o *webhook.Options) {
			o.Resolver = webhooktest.NewResolver(t, webhooktest.Addrs("127.0.0.1")).Resolver()
		},
	} {
		to := r.URL()
		if name == "other name" {
			to = r.URLFor("hooks.example.org")
		}
		receipt, err := newClient(t, r, change).Send(t.Context(), request(t, to))
		refusalOf(t, err)
		require.Equal(t, webhook.CodeTLS, receipt.Reason, name)
	}
	require.Empty(t, r.Deliveries())

	notTLS := webhooktest.NewPlainReceiver(t)
	receipt, err := newClient(t, notTLS, nil).Send(t.Context(), request(t, strings.Replace(notTLS.URL(), "http:", "https:", 1)))
	refusalOf(t, err)
	require.Equal(t, webhook.CodeTLS, receipt.Reason)
}

func TestSendToNowhere(t *testing.T) {
	t.Parallel()
	r := webhooktest.NewReceiver(t)
	noName := webhooktest.NewResolver(t, nil)
	receipt, err := newClient(t, r, func(o *webhook.Options) { o.Resolver = noName.Resolver() }).
		Send(t.Context(), request(t, r.URLFor("example.com")))
	refusalOf(t, err)
	require.Equal(t, webhook.CodeDNS, receipt.Reason)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	receipt, err = newClient(t, r, nil).Send(t.Context(), request(t, "https://"+listener.Addr().String()))
	refusalOf(t, err)
	require.Equal(t, webhook.CodeRefused, receipt.Reason)

	_, err = newClient(t, r, nil).Send(t.Context(), request(t, "https://user@example.com"))
	require.Equal(t, visit.KindInvalid, refusalOf(t, err).Kind)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newClient(t, r, nil).Send(ctx, request(t, r.URL()))
	require.Equal(t, visit.KindUnavailable, refusalOf(t, err).Kind)
}

// TestNoDialToPrivateAddresses is the promise P17: names that resolve to private
// addresses, change their mind between the check and the use, or mix both, and
// redirects, bring no connection there. The control is the same with the guard
// open: the connection is made.
func TestNoDialToPrivateAddresses(t *testing.T) {
	t.Parallel()
	public := webhooktest.Addrs("203.0.114.1")
	private := webhooktest.Addrs("127.0.0.1")
	for name, answers := range map[string][][]netip.Addr{
		"private":           {private},
		"rebinding":         {public, private},
		"IPv4 inside IPv6":  {webhooktest.Addrs("::ffff:127.0.0.1")},
		"private, IPv6 too": {webhooktest.Addrs("::1", "127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := webhooktest.NewReceiver(t)
			send := func(guard webhook.Guard) (visit.Receipt, error) {
				resolver := webhooktest.NewResolver(t, answers...)
				for range len(answers) - 1 { // somebody looked the name up, when it was saved
					_, err := resolver.Resolver().LookupNetIP(t.Context(), "ip", "hooks.example.com")
					require.NoError(t, err)
				}
				client := newClient(t, r, func(o *webhook.Options) { o.Guard, o.Resolver = guard, resolver.Resolver() })
				return client.Send(t.Context(), request(t, r.URLFor("hooks.example.com")))
			}
			receipt, err := send(webhook.Guard{})
			require.Equal(t, visit.KindUnavailable, refusalOf(t, err).Kind)
			require.Equal(t, webhook.CodeAddress, receipt.Reason)
			require.Zero(t, r.Dials())

			_, err = send(webhook.Guard{Allowed: []netip.Prefix{
				netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"),
			}})
			require.NoError(t, err)
			require.Equal(t, 1, r.Dials(), "the control")
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	private, r := webhooktest.NewReceiver(t), webhooktest.NewReceiver(t)
	r.Behave(webhooktest.Redirect(private.URL()))
	receipt, err := newClient(t, r, nil).Send(t.Context(), request(t, r.URL()))
	refusalOf(t, err)
	require.Equal(t, "status_307", receipt.Reason)
	require.Zero(t, private.Dials())
	require.Len(t, r.Deliveries(), 1)
}

// Plain http goes to allowed addresses only, also when a name leads elsewhere.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	r := webhooktest.NewPlainReceiver(t)
	_, err := newClient(t, r, nil).Send(t.Context(), request(t, r.URL()))
	require.NoError(t, err)
	elsewhere := webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	client := newClient(t, r, func(o *webhook.Options) {
		o.Guard, o.Resolver = elsewhere, webhooktest.NewResolver(t, webhooktest.Addrs("1.1.1.1")).Resolver()
	})
	receipt, err := client.Send(t.Context(), request(t, r.URLFor("hooks.example.com")))
	refusalOf(t, err)
	require.Equal(t, webhook.CodeAddress, receipt.Reason, "a public address is not called without TLS")
}

func TestEgressProxyJudges(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	client := webhook.New(webhook.Options{Proxy: at})
	t.Cleanup(client.Close)
	receipt, err := client.Send(t.Context(), request(t, "https://hooks.example.com"))
	refusalOf(t, err)
	require.Equal(t, webhook.CodeAddress, receipt.Reason)
	require.Equal(t, "CONNECT hooks.example.com:443", <-asked)
}

// The client for other callers keeps the same promises.
func TestHTTPClientIsGuarded(t *testing.T) {
	t.Parallel()
	private, r := webhooktest.NewPlainReceiver(t), webhooktest.NewPlainReceiver(t)
	r.Behave(webhooktest.Redirect(private.URL()))
	get := func(options webhook.Options, to string) (*http.Response, error) {
		client := webhook.HTTPClient(options)
		t.Cleanup(client.CloseIdleConnections)
		call, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
		require.NoError(t, err)
		return client.Do(call)
	}
	_, err := get(webhook.Options{}, r.URL()) //nolint:bodyclose // there is none
	require.ErrorAs(t, err, new(*webhook.AddressError))
	require.Zero(t, r.Dials())
	response, err := get(webhook.Options{Guard: atLoopback}, r.URL())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusTemporaryRedirect, response.StatusCode)
	require.Zero(t, private.Dials())

	r.Behave(webhooktest.Garbage)
	_, err = get(webhook.Options{Guard: atLoopback}, r.URL()+"/"+canary) //nolint:bodyclose // there is none
	require.ErrorContains(t, err, canary, "the control")
	require.ErrorContains(t, err, webhooktest.Body, "the control")
	require.EqualError(t, webhook.Unquoted(t.Context(), err), "no answer in HTTP")
}
