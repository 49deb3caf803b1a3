package hub

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const ledgerBatch = 500 // entries read at a time

// follow brings the agent to the site's desired state and keeps it there.
func (p *peer) follow(ctx context.Context) error {
	at, err := p.begin(ctx)
	if err != nil {
		return fmt.Errorf("bring the agent up to date: %w", err)
	}
	if err := p.sessions(ctx); err != nil {
		return fmt.Errorf("send open sessions: %w", err)
	}
	poll := time.NewTicker(p.timing.Poll)
	defer poll.Stop()
	for {
		if at, err = p.advance(ctx, at); err != nil {
			return fmt.Errorf("send ledger entries: %w", err)
		}
		if err := p.commands(ctx); err != nil {
			return fmt.Errorf("send commands: %w", err)
		}
		if err := p.presence(ctx); err != nil {
			return fmt.Errorf("send who is in the building: %w", err)
		}
		if err := p.tests(ctx); err != nil {
			return fmt.Errorf("send tests: %w", err)
		}
		if err := p.idle(ctx, poll.C); err != nil {
			return err
		}
	}
}

// idle passes on what other agents report until there may be more to follow.
func (p *peer) idle(ctx context.Context, poll <-chan time.Time) error {
	for {
		select {
		case body := <-p.news:
			if err := p.queue(ctx, body); err != nil {
				return err
			}
		case <-p.wake:
			return nil
		case <-poll:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// begin resumes the agent where it stands, or sends it the whole set.
func (p *peer) begin(ctx context.Context) (wire.Position, error) {
	if !p.hello.Empty {
		reading, cancel := context.WithTimeout(ctx, p.timing.Store)
		_, known, err := p.hub.ledger.LedgerFrom(reading, p.agent.SiteID, p.hello.Position, 1)
		cancel()
		if err != nil {
			return wire.Position{}, err
		}
		if known {
			p.hub.metrics.resumes.Inc()
			return p.hello.Position, p.send(ctx, &wire.Resume{Position: p.hello.Position, Now: p.hub.now(), Epoch: p.epoch})
		}
	}
	return p.snapshot(ctx)
}

// snapshot sends the whole set. It is read as a whole first: an agent that takes
// its time to receive it must not hold a database connection meanwhile.
func (p *peer) snapshot(ctx context.Context) (at wire.Position, err error) {
	p.hub.metrics.snapshots.Inc()
	reading, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	var parts []wire.Snapshot
	err = p.hub.ledger.Snapshot(reading, p.agent.SiteID, func(part wire.Snapshot) error {
		parts = append(parts, part)
		return nil
	})
	for _, part := range parts {
		if err != nil {
			break
		}
		part.Now, part.Epoch, part.Grants = p.hub.now(), p.epoch, p.fitting(part.Grants)
		at, err = part.Position, p.send(ctx, &part)
	}
	return at, err
}

// advance sends the entries after a position and returns the new one. When the
// ledger no longer knows the position, the agent gets the whole set.
func (p *peer) advance(ctx context.Context, at wire.Position) (wire.Position, error) {
	for {
		reading, cancel := context.WithTimeout(ctx, p.timing.Store)
		entries, known, err := p.hub.ledger.LedgerFrom(reading, p.agent.SiteID, at, ledgerBatch)
		cancel()
		switch {
		case err != nil:
			return at, err
		case !known:
			return p.snapshot(ctx)
		}
		for _, entry := range entries {
			if err := p.send(ctx, p.fit(entry)); err != nil {
				return at, err
			}
			at = entry.Position
		}
		if len(entries) < ledgerBatch {
			return at, nil
		}
	}
}

// fit is an entry as this link's agent can take it. What it cannot take is a removal of
// nothing to it: the position goes on.
func (p *peer) fit(e *wire.Entry) *wire.Entry {
	if e.Grant == nil || len(p.fitting([]wire.Grant{*e.Grant})) > 0 {
		return e
	}
	return &wire.Entry{Type: wire.TypeGrantDrop, Position: e.Position, ObjectID: e.ObjectID}
}

// fitting leaves out grants that this link's agent would not understand.
func (p *peer) fitting(grants []wire.Grant) []wire.Grant {
	if slices.Contains(p.hello.Takes, wire.TakesDevices) {
		return grants
	}
	return slices.DeleteFunc(grants, func(g wire.Grant) bool { return g.Kind == wire.GrantDevice })
}

// commands sends what this link's agent is asked to end.
func (p *peer) commands(ctx context.Context) error {
	claiming, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	commands, err := p.hub.ledger.ClaimCommands(claiming, p.agent.SiteID, p.agent.ID, p.epoch, p.hub.connected(p.agent.SiteID))
	if err != nil {
		return err
	}
	for _, command := range commands {
		command.Sessions = latest(command.Sessions)
		if err := p.send(ctx, &command); err != nil {
			return err
		}
	}
	return nil
}

// tests sends the tests of NASes that wait for this agent, or answers in its place
// where it would skip them.
func (p *peer) tests(ctx context.Context) error {
	if !p.asked.Swap(false) {
		return nil
	}
	storing, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	tests, err := p.hub.ledger.ClaimNASTests(storing, p.agent.ID, p.epoch)
	if err != nil {
		return err
	}
	for _, test := range tests {
		if slices.Contains(p.hello.Takes, wire.TypeNASTest) {
			err = p.send(ctx, &test)
		} else {
			tooOld := wire.NASTested{ID: test.ID, Report: visit.NASReport{Answer: visit.ProbeAgentTooOld}}
			err = p.hub.ledger.AnswerNASTest(storing, p.agent.ID, p.agent.SiteID, p.epoch, tooOld)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// latest keeps the sessions that a frame holds, the youngest. A visit has more
// on record only where its NAS never says that one ended.
func latest(sessions []wire.Session) []wire.Session {
	return sessions[max(0, len(sessions)-sessionsPerFrame):]
}

// sessions tells the agent which sessions the site's other agents reported.
func (p *peer) sessions(ctx context.Context) error {
	reading, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	open, err := p.hub.ledger.OpenSessions(reading, p.agent.SiteID, p.agent.ID)
	if err != nil {
		return err
	}
	for _, part := range sessionReports(open, nil) {
		if err := p.send(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// sessionsPerFrame keeps frames with sessions well below wire.MaxFrame: one
// session has at most about 1.2 kB, its key 0.4 kB.
const sessionsPerFrame = 120

// sessionReports says it in as many frames as it takes.
func sessionReports(open []wire.Session, closed []wire.SessionKey) []*wire.SessionReport {
	var parts []*wire.SessionReport
	for len(open)+len(closed) > 0 {
		o, c := min(len(open), sessionsPerFrame), min(len(closed), sessionsPerFrame)
		parts = append(parts, &wire.SessionReport{Open: open[:o], Closed: closed[:c]})
		open, closed = open[o:], closed[c:]
	}
	return parts
}
