package agent

import (
	"cmp"
	"net/netip"

	"github.com/foyerhq/foyer/agent/link"
	"github.com/foyerhq/foyer/internal/wire"
)

// State is an agent's condition at one moment, for probes and people.
type State struct {
	Link      link.State
	Answering bool          // the RADIUS ports are open
	Position  wire.Position // of the ledger on disk
	Empty     bool          // there is no usable ledger: every login is refused
	Stats     wire.Stats
}

// Ready reports whether the agent can answer logins as the hub wishes: its ports
// are open, it has a ledger and was not withdrawn. It need not be connected.
func (s State) Ready() bool { return s.Answering && !s.Empty && s.Link.Phase != link.Withdrawn }

// Connected reports whether the agent follows the hub now.
func (s State) Connected() bool { return s.Link.Phase == link.Connected }

// State may be called at any time between New and the end of Run.
func (a *Agent) State() State {
	position, empty := a.ledger.Position()
	return State{
		Link: a.link.State(), Answering: a.AuthAddr().IsValid() && a.AcctAddr().IsValid(),
		Position: position, Empty: empty, Stats: a.stats(),
	}
}

// AuthAddr and AcctAddr are where RADIUS is answered, invalid before Run.
func (a *Agent) AuthAddr() netip.AddrPort { return a.radius.AuthAddr() }

// AcctAddr is where accounting is answered.
func (a *Agent) AcctAddr() netip.AddrPort { return a.radius.AcctAddr() }

// Enrolled reports whether dataDir holds an agent's identity.
func Enrolled(dataDir string) (bool, error) { return link.Enrolled(dataDir) }

func (a *Agent) stats() wire.Stats {
	held, records, sessions := a.ledger.Stats(), a.journal.Stats(), a.sessions.Stats()
	return wire.Stats{
		Grants: held.Grants, Sessions: sessions.Open,
		JournalBacklog: records.Backlog, JournalDropped: records.Dropped,
		ClockOffsetMS: a.clock.Offset().Milliseconds(),
		Presence:      a.presence.Stats(),
		DiskError:     cmp.Or(held.DiskError, records.DiskError, sessions.DiskError, a.presence.DiskError(), a.book.DiskError()),
	}
}
