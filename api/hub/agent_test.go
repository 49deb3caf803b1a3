package hub_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/journal"
	"github.com/foyerhq/foyer/agent/ledger"
	agentlink "github.com/foyerhq/foyer/agent/link"
	"github.com/foyerhq/foyer/agent/vault"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// site is the agent's own link, ledger and journal; what they ask others for is
// written down.
type site struct {
	*agentlink.Link
	ledger  *ledger.Ledger
	journal *journal.Journal
	ended   chan wire.Grant
	stop    func()
}

func (s *site) End(grant wire.Grant, _ *wire.Command, _ []wire.Session) { s.ended <- grant }
func (s *site) Cut(wire.Grant, wire.Command, []wire.Session)            {}
func (s *site) Remote([]wire.Session, []wire.SessionKey)                {}

func (s *site) holds(g guest) bool { return s.ledger.Grant(g.grant.ID) != nil }

// real starts an agent of the rig's site, as far as the hub sees it.
func (r *rig) real(dir, token string, now func() time.Time) *site {
	r.t.Helper()
	keys, err := vault.Open(filepath.Join(dir, "key"), rand.Reader)
	require.NoError(r.t, err)
	s := &site{ended: make(chan wire.Grant, 100)}
	s.ledger, err = ledger.Open(ledger.Config{Dir: dir, Keys: keys, Now: now})
	require.NoError(r.t, err)
	s.journal, err = journal.Open(journal.Config{Dir: filepath.Join(dir, "journal"), Keys: keys})
	require.NoError(r.t, err)
	s.Link, err = agentlink.New(agentlink.Config{
		Dir: dir, Token: token, Version: "test", Ledger: s.ledger, Journal: s.journal, Sessions: s, Ladder: s,
		Stats: func() wire.Stats { return wire.Stats{} }, Now: now, Sync: func(time.Time, time.Duration) {},
		Wait: func(context.Context, time.Duration) {},
	})
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	s.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		require.NoError(r.t, s.journal.Close())
		require.NoError(r.t, s.ledger.Close())
	})
	r.t.Cleanup(s.stop)
	return s
}

// enrolmentToken is what the API hands out.
func (r *rig) enrolmentToken(p *replica) (visit.AgentID, string) {
	r.t.Helper()
	id, secret := r.token("rack 1")
	text, err := json.Marshal(map[string]any{"url": "https://" + p.address, "spki": r.authority.SPKI(), "secret": secret})
	require.NoError(r.t, err)
	return id, base64.RawURLEncoding.EncodeToString(text)
}

func (r *rig) caughtUp(id visit.AgentID, s *site) {
	r.t.Helper()
	r.eventually("the agent has everything on its disk", func() bool {
		state := r.state(id)
		at, empty := s.ledger.Position()
		return !empty && state.Hub != "" && state.AckedRevision == state.SiteRevision && at.Revision == state.SiteRevision
	})
}

// The agent's own client enrols, follows, reports, comes back after either side
// was gone, renews, and leaves for good when it is withdrawn.
func TestTheAgentsOwnClient(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	nas := r.nas(1)
	staying, leaving := r.arrive(nas), r.arrive(nas)
	id, token := r.enrolmentToken(p)
	dir := t.TempDir()
	s := r.real(dir, token, r.Clock.Now)
	r.caughtUp(id, s)
	require.True(t, s.holds(staying))

	_, err := s.journal.Append(t.Context(), leaving.accounting(0, wire.AccountingStart))
	require.NoError(t, err)
	r.eventually("the report is stored", func() bool { return r.count("select count(*) from sessions") == 1 })
	r.leave(leaving)
	require.Equal(t, leaving.grant.Username, (<-s.ended).Username, "the revoke")
	require.Equal(t, leaving.grant.Username, (<-s.ended).Username, "the command")
	r.caughtUp(id, s)

	s.stop()
	r.eventually("the agent is away", func() bool { return r.state(id).Hub == "" })
	newcomer := r.arrive(nas)
	r.Clock.Advance(21 * time.Minute)
	s = r.real(dir, token, r.Clock.Now)
	require.True(t, s.holds(staying), "from its disk")
	r.caughtUp(id, s)
	require.True(t, s.holds(newcomer))
	require.Equal(t, 1, r.count("select count(*) from agent_certificates"))

	require.NoError(t, r.WithdrawAgent(t.Context(), r.desk, r.site.ID, id))
	r.eventually("withdrawn for good", func() bool { return s.State().Phase == agentlink.Withdrawn })
}

func TestTheAgentsOwnClientRenews(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	id, token := r.enrolmentToken(p)
	dir := t.TempDir()
	s := r.real(dir, token, r.Clock.Now)
	r.caughtUp(id, s)
	s.stop()
	r.Clock.Advance(20 * 24 * time.Hour)
	s = r.real(dir, token, r.Clock.Now)
	r.eventually("renewed, and back with the new one", func() bool {
		return r.count("select count(*) from agent_certificates") == 2 && r.state(id).Epoch == 3
	})
	s.stop()
	r.Clock.Advance(20 * 24 * time.Hour)
	s = r.real(dir, token, r.Clock.Now)
	r.caughtUp(id, s)
	r.eventually("the first one ended ten days ago", func() bool { return s.State().Phase == agentlink.Connected })
}
