package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/test/hotspot"
	"github.com/foyerhq/foyer/test/nas"
)

// NASSimCommand runs the simulated NAS by itself.
type NASSimCommand struct{ nas.Command }

// Run serves until ctx ends.
func (c *NASSimCommand) Run(ctx context.Context, p *Program) error {
	c.Command.Logger, c.Command.Out = p.Logger, p.Out
	return c.Command.Run(ctx)
}

// simulator is the demo's NAS and the guests who come and go there. They use
// the public API like everybody else.
type simulator struct {
	api, token string
	site       visit.SiteID
	control    string
	guests     bool
	config     nas.Config
	network    func(*nas.NAS) (*hotspot.Hotspot, error) // for browsers on this machine
	log        *slog.Logger
	random     *rand.Rand
	present    []demoGuest
	arrivals   int
}

type demoGuest struct {
	visit visit.VisitID
	mac   string
}

func newSimulator(u *up) *simulator {
	return &simulator{
		api: u.api().PublicURL, token: u.state.Token, site: u.state.SiteID, control: local(u.ports.control), guests: !u.NoGuests, network: u.hotspot,
		log:    u.log.With("part", "demo"),
		random: rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), //nolint:gosec // who comes when is no secret
		config: nas.Config{
			Name: "demo-ap", AuthAddr: local(u.ports.auth), AcctAddr: local(u.ports.acct), Secret: []byte(u.state.RADIUSSecret),
			ListenDAS: local(u.ports.das), SendMessageAuthenticator: true, SendAccounting: true, Logger: discard,
		},
	}
}

// run serves the NAS and moves guests until ctx ends.
func (d *simulator) run(ctx context.Context) error {
	n, err := nas.New(d.config)
	if err != nil {
		return err
	}
	if err := n.Start(ctx); err != nil {
		return err
	}
	defer n.Stop()
	h, err := d.network(n)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return nas.ServeControl(ctx, d.control, n) })
	if h != nil {
		group.Go(func() error { return h.Serve(ctx) })
	}
	if d.guests {
		group.Go(func() error { return d.move(ctx, n) })
	}
	return group.Wait()
}

const (
	demoEvery   = 15 * time.Second
	demoPresent = 6
	demoStay    = 30 * time.Minute
)

// move lets a guest come or go at each tick. What fails is logged: a demo goes
// on while its server restarts.
func (d *simulator) move(ctx context.Context, n *nas.NAS) error {
	tick := time.NewTicker(demoEvery)
	defer tick.Stop()
	for {
		if err := d.step(ctx, n); err != nil && ctx.Err() == nil {
			d.log.Info("a demo guest had no luck", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *simulator) step(ctx context.Context, n *nas.NAS) error {
	ctx, cancel := context.WithTimeout(ctx, demoEvery)
	defer cancel()
	if len(d.present) >= demoPresent || len(d.present) > 2 && d.random.IntN(3) == 0 {
		return d.leave(ctx)
	}
	return d.arrive(ctx, n)
}

// Names of the demo's guests: painters, so that nobody takes them for customers.
var demoGuests = [][2]string{
	{"Sofonisba", "Anguissola"}, {"Mary", "Cassatt"}, {"Artemisia", "Gentileschi"}, {"Gabriele", "Münter"},
	{"Paul", "Klee"}, {"Franz", "Marc"}, {"Judith", "Leyster"}, {"Camille", "Pissarro"}, {"Berthe", "Morisot"},
	{"August", "Macke"}, {"Hilma", "af Klint"}, {"William", "Turner"},
}

func (d *simulator) arrive(ctx context.Context, n *nas.NAS) error {
	d.arrivals++
	name := demoGuests[d.random.IntN(len(demoGuests))]
	var answer struct {
		Visit   struct{ ID visit.VisitID }
		Voucher struct{ Username, Password string }
	}
	err := d.post(ctx, "/api/v1/visits", map[string]any{
		"site_id": d.site, "visitor": map[string]string{"first_name": name[0], "last_name": name[1]},
		"host": map[string]string{"name": "Demo Host"}, "purpose": "demo",
		"expected_departure": time.Now().Add(demoStay).UTC().Format(time.RFC3339), "check_in": true,
	}, &answer)
	if err != nil {
		return err
	}
	guest := demoGuest{answer.Visit.ID, fmt.Sprintf("02-DE-30-00-%02X-%02X", d.arrivals>>8&0xff, d.arrivals&0xff)}
	d.present = append(d.present, guest)
	methods := []nas.Method{nas.PAP, nas.CHAP, nas.MSCHAPv2}
	result, err := n.Login(ctx, nas.Guest{
		MAC: guest.mac, IP: netip.AddrFrom4([4]byte{10, 77, byte(d.arrivals >> 8), byte(d.arrivals)}),
		Username: answer.Voucher.Username, Password: answer.Voucher.Password, Method: methods[d.arrivals%len(methods)],
	})
	if err == nil && !result.Accepted {
		err = errors.New("the network refused the login")
	}
	return err
}

func (d *simulator) leave(ctx context.Context) error {
	i := d.random.IntN(len(d.present))
	guest := d.present[i]
	d.present = append(d.present[:i], d.present[i+1:]...)
	return d.post(ctx, "/api/v1/visits/"+string(guest.visit)+"/check-out", nil, nil)
}

func (d *simulator) post(ctx context.Context, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.api+path, &body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+d.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("POST %s: %s", path, answer.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(out)
}
