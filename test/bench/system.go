package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/test/nas"
	"github.com/foyerhq/foyer/test/stack"
)

// system is a running Foyer with one site, one enrolled agent and simulated NASes.
type system struct {
	*stack.Stack
	b      *bench
	site   string
	agent  *stack.Agent
	nases  []*nas.NAS
	db     *pgxpool.Pool
	http   *http.Client
	guests atomic.Uint32
}

const secret = "a-shared-secret-of-24-ch"

type systemOptions struct {
	temporalOnPostgres bool
	noAccounting       bool // of the NAS
	env                []string
}

func startSystem(b *bench, o systemOptions) *system {
	b.note("starting a system")
	s := &system{b: b, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	}}
	s.Stack = stack.Start(b, stack.Options{
		TemporalOnPostgres: o.temporalOnPostgres,
		// As in production: without the tests' debug log, and without a limit that
		// one caller, who is all callers here, would meet.
		Env: append([]string{"FOYER_LOG_LEVEL=warn", "FOYER_REQUEST_RATE=100000", "FOYER_REQUEST_BURST=100000", "FOYER_OUTWARD_ALLOW=127.0.0.0/8"}, o.env...),
	})
	s.site = s.NewSite(nil)
	s.agent = s.NewAgent(s.site)
	for i := range nasCount {
		s.startNAS(i, !o.noAccounting)
	}
	s.agent.Start()
	s.Connected(s.agent)
	pool, err := pgxpool.New(b.ctx, s.Database)
	b.must(err)
	b.Cleanup(pool.Close)
	s.db = pool
	return s
}

// nasCount spreads the guests: an agent sends at most 20 Disconnects a second to one
// NAS.
const nasCount = 4

func (s *system) startNAS(i int, accounting bool) {
	address := fmt.Sprintf("127.0.0.%d", i+2)
	sim, err := nas.New(nas.Config{
		Name: fmt.Sprintf("bench-%d", i+1), BindAddress: address, AuthAddr: s.agent.Auth, AcctAddr: s.agent.Acct, Secret: []byte(secret),
		SendMessageAuthenticator: true, SendAccounting: accounting, MaxSessions: 1 << 20,
	})
	s.b.must(err)
	s.b.must(sim.Start(s.b.ctx))
	s.b.Cleanup(sim.Stop)
	s.nases = append(s.nases, sim)
	das := netip.MustParseAddrPort(sim.DASAddr())
	s.NewNAS(s.site, address+"/32", secret, int(das.Port()), nil)
}

// parts are the processes whose CPU time is told apart.
func (s *system) parts() []part {
	parts := []part{
		{partTemporal, s.Temporal.PID()}, {partPostgres, s.Postgres.PID()}, {partAPI, s.APIs[0].PID()},
		{partWorker, s.Workers[0].PID()}, {partAgent, s.agent.PID()},
	}
	if s.TemporalPostgres != nil {
		parts = append(parts, part{partTemporalPostgres, s.TemporalPostgres.PID()})
	}
	return parts
}

const (
	partTemporal         = "Temporal"
	partTemporalPostgres = "Temporal's Postgres"
	partPostgres         = "Foyer's Postgres"
	partAPI              = "api"
	partWorker           = "worker"
	partAgent            = "agent"
	partTextbook         = "textbook worker"
	partLoad             = "load"
)

// post makes a request to the API that is answered by a body.
func (s *system) post(ctx context.Context, path string, in, out any) error {
	return s.send(ctx, http.MethodPost, path, in, out)
}

// send makes a request to the API. Any status but those of success is an error; out
// may be nil.
func (s *system) send(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, s.URL(0)+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.Token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// walkIn checks a visitor in who leaves at that time.
func (s *system) walkIn(ctx context.Context, departure time.Time) (stack.CheckedIn, error) {
	var answer stack.CheckedIn
	err := s.post(ctx, "/api/v1/visits", s.visitBody(departure, true), &answer)
	return answer, err
}

// register announces a visitor.
func (s *system) register(ctx context.Context, departure time.Time) (string, error) {
	var answer struct{ Visit stack.Visit }
	err := s.post(ctx, "/api/v1/visits", s.visitBody(departure, false), &answer)
	return answer.Visit.ID, err
}

func (s *system) visitBody(departure time.Time, checkIn bool) map[string]any {
	return map[string]any{
		"site_id": s.site, "visitor": map[string]string{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.org"},
		"host": map[string]string{"name": "Charles Babbage"}, "purpose": "meeting",
		"expected_departure": departure.UTC().Format(time.RFC3339Nano), "check_in": checkIn,
	}
}

func (s *system) checkIn(ctx context.Context, id string) (stack.CheckedIn, error) {
	var answer stack.CheckedIn
	err := s.post(ctx, "/api/v1/visits/"+id+"/check-in", map[string]any{}, &answer)
	return answer, err
}

func (s *system) checkOut(ctx context.Context, id string) error {
	var answer struct{ Visit stack.Visit }
	return s.post(ctx, "/api/v1/visits/"+id+"/check-out", map[string]any{}, &answer)
}

// guest is a visitor's device at the NAS it is near.
type guest struct {
	nas.Guest
	at *nas.NAS
}

func (g guest) login(ctx context.Context) (nas.LoginResult, error) { return g.at.Login(ctx, g.Guest) }

// guest is the next device, with the visit's credentials typed in.
func (s *system) guest(c stack.CheckedIn) guest {
	n := s.guests.Add(1)
	g := guest{at: s.nases[int(n)%len(s.nases)], Guest: nas.Guest{
		MAC:      fmt.Sprintf("02-00-%02X-%02X-%02X-%02X", byte(n>>24), byte(n>>16), byte(n>>8), byte(n)),
		IP:       netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}),
		Username: c.Voucher.Username, Method: nas.PAP,
	}}
	if c.Voucher.Password != nil {
		g.Password = *c.Voucher.Password
	}
	return g
}

// query returns the single row of a query.
func (s *system) query(into any, sql string) {
	s.b.must(s.db.QueryRow(s.b.ctx, sql).Scan(into))
}

// fallbacks counts how often the API has acted for a workflow that did not answer in
// time: a sign that more was asked of the machine than it can do.
func (s *system) fallbacks() int {
	request, err := http.NewRequestWithContext(s.b.ctx, http.MethodGet, s.MetricsURLs()[0], http.NoBody)
	s.b.must(err)
	answer, err := s.http.Do(request)
	s.b.must(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	s.b.must(err)
	total := 0.0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "foyer_api_fallbacks_total{") {
			fields := strings.Fields(line)
			value, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			s.b.must(err)
			total += value
		}
	}
	return int(total)
}
