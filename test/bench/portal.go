package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/test/nas"
)

// measurePortal shows the captive portal's first page to devices that have just been
// redirected, beside an answer of the same server that takes no work; then lets guests
// in from their redirect to the Access-Accept.
func measurePortal(b *bench, p pace) {
	h := startHall(b, portalCount)
	h.load(time.Second, h.page) // warm
	head("", "n", "answers/s", "ms p50 / p99", "api CPU ms each", "Postgres CPU ms each", "on one core of its own: answers/s", "load")
	for _, m := range []struct {
		name string
		one  func(context.Context, int64) error
	}{{"first page of a device", h.page}, {"floor: `GET /version`", h.version}} {
		f := h.load(p.roundFor, m.one)
		api, postgres := f.cost(partAPI), f.cost(partPostgres)
		row(m.name, fmt.Sprint(len(f.took)), fmt.Sprintf("%.0f", float64(len(f.took))/f.lasted.Seconds()), spread(f.took),
			ms(api), ms(postgres), fmt.Sprintf("%.0f", float64(time.Second)/float64(max(api, 1))), load())
	}
	fmt.Println()
	head("logins/s", "n", "redirect to Access-Accept ms p50 / p99", "max", "api CPU ms each", "Postgres CPU ms each", "load")
	for _, rate := range []int{5, 20} {
		b.note("%d logins/s", rate)
		f := h.pace(rate, p.deskFor, h.login)
		row(fmt.Sprint(rate), fmt.Sprint(len(f.took)), spread(f.took), ms(percentile(f.took, 1)), ms(f.cost(partAPI)), ms(f.cost(partPostgres)), load())
	}
}

// portalCount spreads the guests: a portal brakes guessing.
const portalCount = 8

// hall is a system with portals.
type hall struct {
	*system
	portals []string // their addresses
	next    atomic.Int64
}

func startHall(b *bench, portals int) *hall {
	h := &hall{system: startSystem(b, systemOptions{env: []string{"FOYER_TRUSTED_PROXIES=127.0.0.0/8"}})}
	var profile, template struct{ ID string }
	b.must(h.post(b.ctx, "/api/v1/profiles", map[string]any{"name": "Week", "validity": map[string]any{"kind": "days", "value": 5}}, &profile))
	b.must(h.post(b.ctx, "/api/v1/templates", map[string]any{
		"name": "Lobby", "profile_id": profile.ID, "methods": []string{"form"}, "ask": map[string]bool{"email": true},
		"recognise_mac": true, "mac_auth": true,
	}, &template))
	for i := range portals {
		var portal struct{ ID string }
		b.must(h.post(b.ctx, "/api/v1/sites/"+h.site+"/portals", map[string]any{
			"name": fmt.Sprint("Lobby ", i+1), "vendor": "meraki", "template_id": template.ID,
		}, &portal))
		h.portals = append(h.portals, "/portal/"+portal.ID)
	}
	return h
}

// deviceMAC is that of a device of its own.
func deviceMAC(n int64) string {
	return fmt.Sprintf("3c:22:%02x:%02x:%02x:%02x", byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func (h *hall) portal(n int64) string { return h.portals[int(n)%len(h.portals)] }

// redirect is where Meraki's cloud sends a device's browser.
func (h *hall) redirect(n int64) string {
	return h.portal(n) + "?" + url.Values{
		"login_url": {"https://n143.network-auth.com/splash/login?mauth=MMabcdef&continue_url=http%3A%2F%2Fexample.org%2F"}, "continue_url": {"http://example.org/"},
		"ap_mac": {"00:18:0a:00:00:01"}, "ap_name": {"Lobby"}, "client_mac": {deviceMAC(n)}, "client_ip": {"10.0.0.7"},
	}.Encode()
}

// page is a device that looks and no more.
func (h *hall) page(ctx context.Context, n int64) error {
	text, err := h.browse(ctx, n, http.MethodGet, h.redirect(n), nil)
	if err == nil && !strings.Contains(text, `name="email"`) {
		err = errors.New("this is not the login page")
	}
	return err
}

func (h *hall) version(ctx context.Context, n int64) error {
	_, err := h.browse(ctx, n, http.MethodGet, "/version", nil)
	return err
}

var said = regexp.MustCompile(`(?s)<h1>.*?</p>`) // what a page is about

var hiddenField = regexp.MustCompile(`name="(s|username|password)" value="([^"]*)"`)

// login is a guest with an address of their own, to the Access-Accept.
func (h *hall) login(ctx context.Context, n int64) error {
	text, err := h.browse(ctx, n, http.MethodGet, h.redirect(n), nil)
	if err != nil {
		return err
	}
	text, err = h.browse(ctx, n, http.MethodPost, h.portal(n), url.Values{
		"s": {fieldOf(text, "s")}, "method": {"form"}, "do": {"login"}, "email": {fmt.Sprintf("guest%d@example.org", n)},
	})
	if err != nil {
		return err
	}
	if fieldOf(text, "username") == "" {
		return fmt.Errorf("guest %d is not let in: %s", n, said.FindString(text))
	}
	at := h.nases[int(n)%len(h.nases)]
	result, err := at.Login(ctx, nas.Guest{
		MAC: deviceMAC(n), Method: nas.PAP, Username: fieldOf(text, "username"), Password: fieldOf(text, "password"),
	})
	if err == nil && !result.Accepted {
		err = fmt.Errorf("guest %d: %s", n, result.ReplyMessage)
	}
	return err
}

func fieldOf(page, name string) string {
	for _, found := range hiddenField.FindAllStringSubmatch(page, -1) {
		if found[1] == name {
			return html.UnescapeString(found[2])
		}
	}
	return ""
}

// browse is a request as a guest's device makes it, each from an address of its own.
func (h *hall) browse(ctx context.Context, n int64, method, path string, form url.Values) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, h.URL(0)+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", byte(n>>16), byte(n>>8), byte(n)))
	request.Header.Set("Accept-Language", "de")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := h.http.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d", method, answer.StatusCode)
	}
	return string(text), err
}

// portalFigures are those of one load.
type portalFigures struct {
	took   []time.Duration
	lasted time.Duration
	used   usage
}

// cost is a process's CPU time for each answer.
func (f portalFigures) cost(part string) time.Duration {
	return f.used[part] / time.Duration(max(1, len(f.took)))
}

// load asks from 8 browsers at once, each again as soon as it is answered.
func (h *hall) load(lasts time.Duration, one func(context.Context, int64) error) portalFigures {
	deadline := time.Now().Add(lasts)
	return h.gather(func(try func()) {
		var browsers sync.WaitGroup
		for range 8 {
			browsers.Go(func() {
				for time.Now().Before(deadline) && !h.b.Failed() {
					try()
				}
			})
		}
		browsers.Wait()
	}, one)
}

// pace asks at a fixed rate, whether or not the last answers have come.
func (h *hall) pace(rate int, lasts time.Duration, one func(context.Context, int64) error) portalFigures {
	return h.gather(func(try func()) {
		var arrivals sync.WaitGroup
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for range rate * int(lasts.Seconds()) {
			<-tick.C
			arrivals.Go(try)
		}
		arrivals.Wait()
	}, one)
}

func (h *hall) gather(run func(try func()), one func(context.Context, int64) error) portalFigures {
	var mu sync.Mutex // guards f.took
	var f portalFigures
	before, begun := usageOf(h.parts()), time.Now()
	run(func() {
		asked := time.Now()
		if err := one(h.b.ctx, h.next.Add(1)); err != nil {
			h.b.Errorf("%v", err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		f.took = append(f.took, time.Since(asked))
	})
	f.lasted, f.used = time.Since(begun), usageOf(h.parts()).since(before)
	if h.b.Failed() {
		h.b.FailNow()
	}
	return f
}

// measureIdentities weighs accounts with a device each that the site's agent lets in by
// its address. They are written by SQL: what is weighed is what they are afterwards.
func measureIdentities(b *bench, p pace) {
	h := startHall(b, 1)
	b.pause(p.settleFor / 3)
	before := h.weigh()
	_, err := h.db.Exec(b.ctx, writeIdentities, pgx.NamedArgs{
		"site": h.site, "portal": strings.TrimPrefix(h.portals[0], "/portal/"), "count": p.identities,
	})
	b.must(err)
	h.agent.Stop()
	_, err = h.db.Exec(b.ctx, `delete from site_ledger where site_id = @site`, pgx.NamedArgs{"site": h.site}) // it must take a snapshot
	b.must(err)
	h.agent.Start()
	h.Connected(h.agent)
	last := deviceMAC(int64(p.identities))
	h.Eventually("the agent has all of them", func() bool {
		result, err := h.nases[0].Login(b.ctx, nas.Guest{MAC: last, Username: last, Password: last, Method: nas.PAP})
		return err == nil && result.Accepted
	})
	b.pause(p.settleFor)
	after := h.weigh()
	head("", "empty MiB", fmt.Sprintf("with %d identities MiB", p.identities), "bytes an identity")
	for _, name := range []string{memoryOf + partAgent, memoryOf + partAPI, memoryOf + partWorker, databaseSize} {
		row(name, mb(before[name]), mb(after[name]), fmt.Sprintf("%.0f", float64(after[name]-before[name])/float64(p.identities)))
	}
}

// writeIdentities makes people, accounts and devices, whose addresses are deviceMAC's.
const writeIdentities = `with n as (select i, gen_random_uuid() as id from generate_series(1, @count::integer) i),
	people as (insert into people (id, first_name, last_name, email, created_at, updated_at)
		select id, 'Ada', 'Guest ' || i, 'guest' || i || '@example.org', now(), now() from n),
	accounts as (insert into accounts (person_id, site_id, portal_id, profile_id, profile_revision, login, login_kind, method, starts_at, ends_at, proven_at, created_at, updated_at)
		select n.id, @site, @portal, p.id, p.revision, 'guest' || i || '@example.org', 'email', 'form', now(), now() + interval '5 days', now(), now(), now() from n, profiles p)
	insert into devices (id, person_id, site_id, portal_id, ssid, mac, private, first_seen, last_seen)
		select gen_random_uuid(), id, @site, @portal, '', '3c:22:' || substr(regexp_replace(lpad(to_hex(i), 8, '0'), '(..)', '\1:', 'g'), 1, 11), false, now(), now() from n`
