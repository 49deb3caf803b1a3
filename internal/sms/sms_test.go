package sms_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/internal/sms"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/store/storetest"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const phone = "+49 (0)30 901-820"

// gateway is a vendor's service, with its manners.
type gateway struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	answer string
	bodies []string
	auth   []string
	hang   chan struct{}
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{status: 200, answer: `{"status":"accepted"}`}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		g.bodies, g.auth = append(g.bodies, string(body)), append(g.auth, r.Header.Get("Authorization"))
		status, answer, hang := g.status, g.answer, g.hang
		g.mu.Unlock()
		if hang != nil {
			<-hang
		}
		if status == 302 {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		}
		if status == 429 {
			w.Header().Set("Retry-After", "120")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) behave(status int, answer string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.answer = status, answer
}

func (g *gateway) got() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{}, g.bodies...)
}

type bench struct {
	*storetest.Bench
	*gateway
	site visit.Site
}

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{Bench: storetest.New(t), gateway: newGateway(t)}
	var err error
	b.site, err = b.CreateSite(t.Context(), store.Caller{Actor: "user:x", Scope: store.Everything}, visit.Site{Name: `Berlin "Mitte" & Co`, Timezone: "Europe/Berlin"})
	require.NoError(t, err)
	return b
}

func (b *bench) config() sms.Config {
	return sms.Config{
		Gateway: sms.Gateway{
			URL: b.URL(), Body: `{"to":"{to}","message":"{text}","sender":"{from}"}`, ContentType: "application/json",
			From: "Foyer", Header: "Authorization: Bearer canary-key", Success: "accepted",
		},
		Prefixes: []string{"+49", "+43"}, PerNumber: 3, PerSite: 100, Store: b.Store, Hash: b.Keyring.MAC, Rand: rand.Reader,
		Guard: webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	}
}

func (b *bench) URL() string { return b.gateway.URL + "/send" }

func (b *bench) sender(t *testing.T, change func(*sms.Config)) *sms.Sender {
	t.Helper()
	c := b.config()
	if change != nil {
		change(&c)
	}
	s, err := sms.New(c)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

var code = regexp.MustCompile(`\d{6}`)

func TestACode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sender(t, nil)
	require.NoError(t, s.SendCode(t.Context(), b.site, phone, "de"))
	var sent struct{ To, Message, Sender string }
	require.NoError(t, json.Unmarshal([]byte(b.got()[0]), &sent))
	require.Equal(t, "+4930901820", sent.To)
	require.Equal(t, "Foyer", sent.Sender)
	require.Contains(t, sent.Message, `ist Ihr Code für das Gäste-WLAN bei Berlin "Mitte" & Co. Er gilt 10 Minuten.`)
	require.Equal(t, "Bearer canary-key", b.auth[0])

	right := code.FindString(sent.Message)
	require.ErrorIs(t, s.CheckCode(t.Context(), b.site.ID, "+43 1 5811234", right), store.ErrSMSCode, "another number's")
	require.NoError(t, s.CheckCode(t.Context(), b.site.ID, "0049-30-901820", right), "written otherwise")
	require.ErrorIs(t, s.CheckCode(t.Context(), b.site.ID, phone, right), store.ErrSMSCode, "used")
}

func TestAForm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sender(t, func(c *sms.Config) {
		c.Gateway.Body, c.Gateway.ContentType = "to={to}&text={text}", "application/x-www-form-urlencoded"
	})
	require.NoError(t, s.Test(t.Context(), phone, "a&to=+1&b=\" ü"))
	values, err := url.ParseQuery(b.got()[0])
	require.NoError(t, err)
	require.Equal(t, url.Values{"to": {"+4930901820"}, "text": {"a&to=+1&b=\" ü"}}, values)
}

func TestNumbersThatGetNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	off := b.sender(t, func(c *sms.Config) { c.Prefixes = nil })
	require.ErrorContains(t, off.SendCode(t.Context(), b.site, phone, ""), "sms_off", "by default nothing is sent")
	s := b.sender(t, nil)
	for text, kind := range map[string]visit.Kind{
		"+1 900 555 0100": visit.KindForbidden, "+882 12345678": visit.KindForbidden, "+4": visit.KindInvalid, "030 901820": visit.KindInvalid,
		"": visit.KindInvalid, "+49": visit.KindInvalid, "+49abc901820": visit.KindInvalid, "+4930901820\r\n+1": visit.KindInvalid,
		"+49309018201234567": visit.KindInvalid, "+٤٩٣٠٩٠١٨٢٠": visit.KindInvalid, "++4930901820": visit.KindInvalid,
	} {
		err := s.SendCode(t.Context(), b.site, text, "")
		require.Equal(t, kind, visit.KindOf(err), text)
		require.NotContains(t, err.Error(), "555")
	}
	require.Empty(t, b.got())
}

// What a gateway's manners come to. Its words, the number and the key are in no error.
func TestAGatewaysManners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sender(t, nil)
	for _, of := range []struct {
		status int
		answer string
		code   string
		after  time.Duration
	}{
		{200, `{"status":"rejected +4930901820"}`, "sms_refused", 0}, {400, "accepted +4930901820", "sms_refused", 0},
		{401, "accepted", "sms_settings", 0}, {302, "accepted", "sms_settings", 0}, {500, "accepted", "sms_gateway", 5 * time.Second},
		{429, "accepted", "sms_gateway", 2 * time.Minute},
	} {
		b.behave(of.status, of.answer)
		err := s.Test(t.Context(), phone, "text")
		e, ok := errors.AsType[*visit.Error](err)
		require.True(t, ok)
		require.Equal(t, of.code, e.Code, of.status)
		if of.status == 429 {
			require.Equal(t, of.after, e.RetryAfter)
		}
		text := fmt.Sprintf("%v %v", e, e.Err)
		for _, secret := range []string{"30901820", "canary", "rejected", "127.0.0.1"} {
			require.NotContains(t, text, secret)
		}
	}
	require.Len(t, b.got(), 6, "redirects are not followed, nothing is repeated")

	b.gateway.mu.Lock()
	b.hang = make(chan struct{})
	b.gateway.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := s.Test(ctx, phone, "text")
	close(b.hang)
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
	b.gateway.Server.Close()
	require.Equal(t, visit.KindUnavailable, visit.KindOf(s.Test(t.Context(), phone, "text")))
}

// A gateway's name may come to lead anywhere: what is dialled is judged.
func TestTheGatewaysAddressIsJudgedWhenDialled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sender(t, func(c *sms.Config) {
		c.Gateway.URL = "http://localhost:1/"
		c.Guard.Allowed = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	err := s.Test(t.Context(), phone, "text")
	e, ok := errors.AsType[*visit.Error](err)
	require.True(t, ok)
	require.ErrorContains(t, e.Err, "may not be called")
	require.Empty(t, b.got())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for field, change := range map[string]func(*sms.Config){
		"url": func(c *sms.Config) { c.Gateway.URL = "ftp://x" }, "sms_content_type": func(c *sms.Config) { c.Gateway.ContentType = "text/plain" },
		"sms_body": func(c *sms.Config) { c.Gateway.Body = `{"to":{to},"text":"{text}"}x` }, "sms_header": func(c *sms.Config) { c.Gateway.Header = "nothing" },
		"sms_prefixes": func(c *sms.Config) { c.Prefixes = []string{""} },
	} {
		c := b.config()
		change(&c)
		_, err := sms.New(c)
		e, ok := errors.AsType[*visit.Error](err)
		require.True(t, ok, field)
		require.Equal(t, visit.KindInvalid, e.Kind)
		require.Equal(t, field, e.Field)
	}
}
