package redeem

import (
	"cmp"
	"context"
	"crypto/rand"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Login is somebody who entered codes at a NAS.
type Login struct {
	Zone  string // as Book.Zone said
	NASID visit.NASID
	Text  string // one code, or several parted by blanks
	MAC   string // canonical; empty: the device is not known
}

// Answer is what became of a login.
type Answer struct {
	Grant   *wire.Grant        // the access; nil when refused
	Refused wire.RefusedReason // for staff
	Message string             // for the guest; empty: no text of the zone's
}

// Redeem decides a login by code and, for a first use, waits for the disk. Accepted
// is called with the grant before anybody else may redeem, so that a device that
// was let in counts for the next one. It must not wait.
func (b *Book) Redeem(login Login, accepted func(wire.Grant)) Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	z := b.state.zones[login.Zone]
	if z == nil {
		return b.refuse(z, wire.RefusedZoneDisabled, roll.Invalid)
	}
	claims, err := b.state.claims(z, login.Text)
	if err != nil {
		return b.refuse(z, wire.RefusedRollCodeInvalid, roll.Invalid)
	}
	now := b.cfg.Now()
	usage := b.state.usage(tickets(claims)...)
	decision := roll.Decide(usage, claims, now)
	live := b.live(decision.Holder)
	if b.guesses[z.ID] == nil {
		b.guesses[z.ID] = rate.NewLimiter(guessRate, guessBurst)
	}
	returns := decision.Refused == "" && len(decision.Entries) == 0 && slices.Contains(devices(live), login.MAC)
	if !returns && !z.Enabled {
		return b.refuse(z, wire.RefusedZoneDisabled, roll.Invalid)
	}
	if !returns && b.guesses[z.ID].TokensAt(now) < 1 {
		return b.refuse(z, wire.RefusedTooManyTries, "")
	}
	if decision.Refused != "" {
		b.guesses[z.ID].AllowN(now, 1)
		return b.refuse(z, reason(decision.Findings), decision.Refused)
	}
	holds := b.state.rolls[decision.Holder.Roll]
	if holds == nil { // it goes, and its zone is about to
		return b.refuse(z, wire.RefusedRollCodeInvalid, roll.Invalid)
	}
	if z.Logins != roll.LastLogin { // nobody waits for a device that left without a word
		live = b.cfg.Sessions.Heard(string(decision.Holder.AccessID()))
	}
	leave, ok := z.Logins.Admit(devices(live), cmp.Or(login.MAC, "unknown"), holds.Devices)
	if !ok {
		return b.refuse(z, wire.RefusedInUse, "")
	}
	return b.admit(login, decision, accepted, func(s wire.Session) bool { return slices.Contains(leave, device(s)) })
}

// admit makes a decision durable and then lets the guest in.
func (b *Book) admit(login Login, d roll.Decision, accepted func(wire.Grant), leaves func(wire.Session) bool) Answer {
	outcome := "again"
	if len(d.Entries) > 0 {
		outcome = "first"
		if err := b.record(login, d.Entries); err != nil {
			b.cfg.Logger.Error("a roll code was not accepted because its use cannot be written", "error", err)
			b.cfg.Metrics.logins.WithLabelValues("not_recorded").Inc()
			return Answer{Refused: wire.RefusedNotRecorded}
		}
	}
	b.settle(d.Holder)
	grant, live := b.state.access(d.Holder, b.cfg.Now())
	if !live { // it ended while the disk was written
		return b.refuse(b.state.zones[login.Zone], wire.RefusedRollCodeExpired, roll.Expired)
	}
	leaving := slices.DeleteFunc(b.live(d.Holder), func(s wire.Session) bool { return !leaves(s) })
	accepted(grant)
	if len(leaving) > 0 {
		b.cfg.Cut(grant, leaving)
	}
	b.cfg.Metrics.logins.WithLabelValues(outcome).Inc()
	return Answer{Grant: &grant}
}

// record brings first uses to the disk, together with the note that the hub is to
// hear of them, into memory, and into the journal: there before the accounting of
// this login, which means nothing without it. What the journal does not take now Run
// offers it again.
func (b *Book) record(login Login, entries []roll.Entry) error {
	use := wire.RollUse{ZoneID: login.Zone, NASID: login.NASID}
	c := newChange()
	for _, e := range entries {
		use.Entries = append(use.Entries, entryOf(e.Ticket, e.Record))
		c.records[e.Ticket] = &e.Record
	}
	key := rand.Text()
	c.unreported[key] = &use
	if err := b.commit(c); err != nil {
		return err
	}
	b.state.change(c)
	if err := b.tell(context.Background(), use, announceFor); err == nil {
		b.told[key] = true
	}
	select {
	case b.wake <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// refuse is an answer with the text that guests are to read for a state, if any.
func (b *Book) refuse(z *zone, why wire.RefusedReason, state roll.State) Answer {
	a := Answer{Refused: why}
	switch {
	case z != nil && state == roll.Expired:
		a.Message = z.ExpiredMessage
	case z != nil && state == roll.Invalid:
		a.Message = z.InvalidMessage
	}
	outcome := "refused"
	if why == wire.RefusedTooManyTries {
		outcome = "held_off"
	}
	b.cfg.Metrics.logins.WithLabelValues(outcome).Inc()
	return a
}

// reasons are package roll's, as the list of refused logins has them.
var reasons = map[*visit.Error]wire.RefusedReason{
	roll.ErrCodeRetired:  wire.RefusedRollCodeRetired,
	roll.ErrCodeUnsold:   wire.RefusedRollCodeUnsold,
	roll.ErrCodeTooEarly: wire.RefusedRollCodeTooEarly,
	roll.ErrCodeTooLate:  wire.RefusedRollCodeTooLate,
	roll.ErrCodeUsedUp:   wire.RefusedRollCodeExpired,
	roll.ErrCodeExpired:  wire.RefusedRollCodeExpired,
}

// reason is why the first code that is refused is.
func reason(findings []roll.Finding) wire.RefusedReason {
	for _, f := range findings {
		if f.Why != nil {
			return cmp.Or(reasons[f.Why], wire.RefusedRollCodeInvalid)
		}
	}
	return wire.RefusedRollCodeInvalid
}

func tickets(claims []roll.Claim) (tickets []roll.Ticket) {
	for _, c := range claims {
		if c.Err == nil {
			tickets = append(tickets, c.Ticket())
		}
	}
	return tickets
}

// live are an access' sessions, the oldest first.
func (b *Book) live(holder roll.Ticket) []wire.Session {
	if holder == (roll.Ticket{}) {
		return nil
	}
	return b.cfg.Sessions.ByGrant(string(holder.AccessID()))
}

// devices are those that sessions belong to.
func devices(sessions []wire.Session) (devices []string) {
	for _, s := range sessions {
		if d := device(s); !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
	}
	return devices
}

// device is a session's, or the session itself where that is not known.
func device(s wire.Session) string {
	return cmp.Or(s.MAC, string(s.Key.NASID)+" "+s.Key.AcctSessionID+" "+s.Key.StartedAt.Format(time.RFC3339Nano))
}
