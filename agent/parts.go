package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/foyerhq/foyer/agent/clock"
	"github.com/foyerhq/foyer/agent/disconnect"
	"github.com/foyerhq/foyer/agent/journal"
	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/agent/link"
	"github.com/foyerhq/foyer/agent/presence"
	"github.com/foyerhq/foyer/agent/radius"
	"github.com/foyerhq/foyer/agent/redeem"
	"github.com/foyerhq/foyer/agent/session"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// openDisk opens what the agent remembers.
func (a *Agent) openDisk(cfg Config) (*seal.Keyring, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	keys, err := vault.Open(filepath.Join(cfg.DataDir, "ledger.key"), rand.Reader)
	if err != nil {
		return nil, err
	}
	a.clock, err = clock.New(clock.Config{Store: clock.File(filepath.Join(cfg.DataDir, "clock.json"))})
	if err != nil {
		a.log.Error("going on by the machine's clock", "error", err)
	}
	a.ledger, err = ledger.Open(ledger.Config{
		Dir: cfg.DataDir, Keys: keys, Now: a.clock.Now, Logger: a.log,
		OnEnded: func(e ledger.Ended) { a.ladder.End(e.Grant, nil, nil) },
	})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.ledger.Close)
	a.journal, err = journal.Open(journal.Config{Dir: filepath.Join(cfg.DataDir, "journal"), Keys: keys, Logger: a.log})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.journal.Close)
	a.sessions, err = session.Open(session.Config{
		Dir: cfg.DataDir, Keys: keys, Now: a.clock.Now, Logger: a.log, Interim: a.interim,
	})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.sessions.Close)
	a.book, err = redeem.Open(redeem.Config{
		Dir: cfg.DataDir, Keys: keys, Now: a.clock.Now, Logger: a.log, Metrics: redeem.NewMetrics(cfg.Registerer),
		Grants: a.ledger, Sessions: a.sessions, Journal: a.journal,
		Cut: func(g wire.Grant, sessions []wire.Session) { a.ladder.Oust(g, sessions) },
	})
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.book.Close)
	return keys, a.replay()
}

// makeParts makes what works on it.
func (a *Agent) makeParts(cfg Config, keys *seal.Keyring) (err error) {
	metrics := disconnect.NewMetrics(cfg.Registerer)
	driver := disconnect.NewRADIUS(disconnect.RADIUSConfig{
		Schedule: cfg.Schedule, Local: cfg.DisconnectFrom, Now: a.clock.Now, Logger: a.log, Metrics: metrics,
	})
	a.ladder = disconnect.New(disconnect.Config{
		Sessions: a.sessions, NASes: a.ledger, Journal: a.journal,
		Drivers: map[string]disconnect.Driver{"radius": driver},
		Now:     a.clock.Now, Logger: a.log, Metrics: metrics, ConfirmFor: cfg.ConfirmFor,
	})
	a.closers = append(a.closers, func() error { a.ladder.Stop(); return nil })
	a.radius, err = radius.New(radius.Config{
		AuthAddr: cfg.AuthListen, AcctAddr: cfg.AcctListen,
		Grants: a.ledger, NASes: a.ledger, Sessions: a.sessions, Journal: a.journal, Codes: a.book,
		OnOrphan: a.orphan, Ratchet: a.ledger.Ratchet, ClassKey: keys.MAC("radius class", nil),
		Now: a.clock.Now, Logger: a.log, Metrics: radius.NewMetrics(cfg.Registerer),
	})
	if err != nil {
		return err
	}
	shown := a.makePresence(cfg, keys)
	a.link, err = link.New(link.Config{
		Dir: cfg.DataDir, Token: cfg.EnrolmentToken, Version: cfg.Version,
		Proxy: cfg.Proxy, ProxyRoots: cfg.ProxyRoots,
		Ledger: settled{a.ledger, a.book, a.radius}, Journal: a.journal, Sessions: a.sessions, Ladder: a.ladder,
		Presence: shown, StatsDue: a.presence.Notify(), Stats: a.stats, Test: a.test, Now: a.clock.Now, Sync: a.sync,
		Logger: a.log, Metrics: link.NewMetrics(cfg.Registerer), Backoff: cfg.Backoff, Timing: cfg.Timing,
	})
	return err
}

// makePresence makes what shows who is in the building, if this agent does. What it
// returns to the link is nil then, which a nil Keeper would not be.
func (a *Agent) makePresence(cfg Config, keys *seal.Keyring) link.Presence {
	if cfg.PresenceListen == NoPresence {
		return nil
	}
	a.presence = presence.New(presence.Config{
		Dir: cfg.DataDir, Keys: keys, Now: a.clock.Now, Journal: a.journal, Listen: cfg.PresenceListen,
		Logger: a.log, Metrics: presence.NewMetrics(cfg.Registerer),
	})
	return a.presence
}

// settled is the ledger, and the book of roll codes beside it, as the link must see
// them: what has ended is acknowledged only when no Access-Accept for it is on its
// way any more, and its sessions are looked for only when its last login is known.
// The book is written first: the ledger's position speaks for both.
type settled struct {
	*ledger.Ledger
	book   *redeem.Book
	radius *radius.Server
}

func (s settled) Apply(entries []*wire.Entry) (ended []ledger.Ended, err error) {
	if _, empty := s.Position(); empty {
		return nil, ledger.ErrEmpty
	}
	defer s.radius.Settle()
	ended, err = s.book.Apply(entries)
	if err != nil {
		return append(ended, s.Restrict(entries)...), err
	}
	more, err := s.Ledger.Apply(entries)
	return append(ended, more...), err
}

func (s settled) Replace(set ledger.Set) (ended []ledger.Ended, err error) {
	defer s.radius.Settle()
	ended, err = s.book.Replace(set)
	if err != nil {
		return append(ended, s.RestrictTo(set)...), err
	}
	more, err := s.Ledger.Replace(set)
	return append(ended, more...), err
}

func (s settled) Clear() ([]ledger.Ended, error) {
	defer s.radius.Settle()
	ended, bookErr := s.book.Clear()
	more, err := s.Ledger.Clear()
	return append(ended, more...), errors.Join(bookErr, err)
}

// Position is empty also where the book was never given a whole set.
func (s settled) Position() (wire.Position, bool) {
	position, empty := s.Ledger.Position()
	return position, empty || !s.book.Complete()
}

// replay gives the table of sessions what it may have missed before a crash. The
// journal is durable before the table knows; a repeat changes nothing.
func (a *Agent) replay() error {
	for from := uint64(0); ; {
		records, err := a.journal.Pending(from, 1<<20)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			if r.Accounting != nil {
				a.sessions.Account(*r.Accounting)
			}
		}
		from = records[len(records)-1].Sequence + 1
	}
}

// orphan ends a session that goes on although its grant is gone.
func (a *Agent) orphan(s wire.Session) {
	grant := wire.Grant{ID: s.GrantID, VisitID: s.VisitID, Username: s.Username}
	if grant.ID == "" { // known by name only
		g, _ := a.ledger.Lookup(s.Username)
		if g == nil {
			return
		}
		grant.ID, grant.VisitID = g.ID, g.VisitID
	}
	a.ladder.End(grant, nil, []wire.Session{s})
}

// test tries a NAS and adds what it was heard to say.
func (a *Agent) test(ctx context.Context, id visit.NASID) visit.NASReport {
	report := a.ladder.Probe(ctx, id, a.radius.LastFrom(id))
	a.radius.Heard(id, &report)
	return report
}

// sync takes the hub's time and tells the ledger, whose grants end by it.
func (a *Agent) sync(hubNow time.Time, within time.Duration) {
	if a.clock.Sync(hubNow, within) != 0 {
		a.ledger.ClockChanged()
	}
}

func (a *Agent) clockUnsaved(err error) {
	a.log.Error("the clock's mark was not saved", "error", err)
}

func (a *Agent) interim(id visit.NASID) time.Duration {
	nas := a.ledger.NASByID(id)
	if nas == nil {
		return 0
	}
	return time.Duration(nas.InterimSeconds) * time.Second
}
