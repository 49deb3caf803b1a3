package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foyerhq/foyer/agent/ledger"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	// maxBatch is how many entries are written to disk as one.
	maxBatch = 512
	// maxUnwritten bounds the entries kept while the disk fails; beyond it the link
	// is given up, and the hub sends them again.
	maxUnwritten = 10_000
	// maxSet bounds the objects of a snapshot that is still coming in.
	maxSet = 1_000_000
)

// follower keeps the ledger where the hub wants it.
type follower struct {
	l     *Link
	ready bool // resumed, or a snapshot has come: entries make sense

	snapshot string     // id of the snapshot that is coming in
	part     int        // its next part
	partial  ledger.Set // what has come of it

	set     *ledger.Set   // complete, not yet on disk, with the entries that came since
	entries []*wire.Entry // after what is on disk, or to be folded into set
}

func newFollower(l *Link) follower { return follower{l: l} }

// take handles frames in their order. Entries that have been read already are
// written to disk together.
func (c *conn) take(ctx context.Context) error {
	retry := time.NewTicker(c.l.cfg.Timing.Flush)
	defer retry.Stop()
	first := true
	for {
		var frame wire.Frame
		select {
		case frame = <-c.in:
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if first && frame != nil {
			if err := c.l.worked(); err != nil {
				return err
			}
			first = false
		}
		if err := c.handle(ctx, frame); err != nil {
			return err
		}
	}
}

// handle takes one frame, and with an entry those that follow it; nil only tries
// again what is not on disk.
func (c *conn) handle(ctx context.Context, frame wire.Frame) error {
	for {
		entry, ok := frame.(*wire.Entry)
		if !ok {
			break
		}
		if err := c.follower.add(entry); err != nil {
			return err
		}
		if frame = nil; len(c.follower.entries) >= maxBatch {
			break
		}
		frame = c.waiting()
	}
	if err := c.flush(ctx); err != nil || frame == nil {
		return err
	}
	return c.obey(ctx, frame)
}

// waiting returns a frame that has been read already, nil if there is none.
func (c *conn) waiting() wire.Frame {
	select {
	case frame := <-c.in:
		return frame
	default:
		return nil
	}
}

// obey handles every frame but entries.
func (c *conn) obey(ctx context.Context, frame wire.Frame) error {
	switch f := frame.(type) {
	case *wire.Resume:
		c.follower.ready = true
		c.follower.keepEpoch(f.Epoch)
		c.l.enter(Connected)
	case *wire.Snapshot:
		if err := c.follower.collect(f); err != nil || !f.Last {
			return err
		}
		c.l.enter(Connected)
		return c.flush(ctx)
	case *wire.SessionTerminate:
		grant := wire.Grant{ID: f.GrantID, Username: f.Username, VisitID: f.Command.VisitID}
		if f.Only {
			c.l.cfg.Ladder.Cut(grant, f.Command, f.Sessions)
		} else {
			c.l.cfg.Ladder.End(grant, &f.Command, f.Sessions)
		}
	case *wire.SessionReport:
		c.l.cfg.Sessions.Remote(f.Open, f.Closed)
	case *wire.ReportAck:
		return c.stored(f)
	case *wire.PresenceSnapshot:
		if c.l.cfg.Presence != nil {
			return c.l.cfg.Presence.Take(f)
		}
	case *wire.NASTest:
		c.test(ctx, f)
	case *wire.Certificate:
		if err := c.renewal.take(c.l, f); err != nil {
			return fmt.Errorf("the renewed certificate: %w", err)
		}
		return errRenewed
	default:
		return fmt.Errorf("%s does not go this way", frame.FrameType())
	}
	return nil
}

// collect takes the next part of a snapshot. A part of another snapshot begins
// anew.
func (f *follower) collect(p *wire.Snapshot) error {
	if p.ID != f.snapshot || p.Part == 0 {
		f.snapshot, f.part, f.partial = p.ID, 0, ledger.Set{}
	}
	if p.Part != f.part {
		return errors.New("a part of the snapshot is missing")
	}
	if p.Part == 0 {
		f.keepEpoch(p.Epoch)
	}
	f.part++
	f.partial.Position = p.Position
	f.partial.Grants = append(f.partial.Grants, p.Grants...)
	f.partial.NASes = append(f.partial.NASes, p.NASes...)
	f.partial.Zones = append(f.partial.Zones, p.Zones...)
	f.partial.Rolls = append(f.partial.Rolls, p.Rolls...)
	f.partial.Codes = append(f.partial.Codes, p.Codes...)
	f.partial.Usages = append(f.partial.Usages, p.Usages...)
	if f.partial.Size() > maxSet {
		return errors.New("the snapshot is too large")
	}
	if p.Last {
		complete := f.partial
		f.set, f.entries, f.ready = &complete, nil, true
		f.snapshot, f.partial = "", ledger.Set{}
	}
	return nil
}

func (f *follower) add(e *wire.Entry) error {
	if !f.ready || f.snapshot != "" {
		return errors.New("a ledger entry before the whole set")
	}
	if len(f.entries) >= maxUnwritten || f.set != nil && f.set.Size() > maxSet {
		return errors.New("too many ledger entries could not be written to disk")
	}
	f.entries = append(f.entries, e)
	return nil
}

// flush brings what has come to the disk, starts ending the sessions of what
// ended, and only then, and only if the disk took it, acknowledges. A disk that
// fails ends neither the link nor the removals' effect: flush is tried again.
func (c *conn) flush(ctx context.Context) error {
	if c.follower.set == nil && len(c.follower.entries) == 0 {
		return nil
	}
	position, err := c.follower.write()
	if err != nil {
		c.l.cfg.Metrics.unwritten.Inc()
		return nil // the ledger has logged it
	}
	return c.queue(ctx, &wire.Ack{Position: position})
}

// write returns the position up to which everything is on disk. While a snapshot
// is not, what follows becomes part of it: the ledger still has the position before
// it, to which entries of the new lineage must not be applied, and a revoke among
// them must be in effect at once nevertheless.
func (f *follower) write() (wire.Position, error) {
	if f.set == nil {
		position := f.entries[len(f.entries)-1].Position
		ended, err := f.l.cfg.Ledger.Apply(f.entries)
		if err == nil {
			f.entries = nil
		}
		f.end(ended)
		return position, err
	}
	fold(f.set, f.entries)
	f.entries = nil
	position := f.set.Position
	ended, err := f.l.cfg.Ledger.Replace(*f.set)
	if err == nil {
		f.set = nil
	}
	f.end(ended)
	return position, err
}

// fold makes set what it is after entries: an entry carries the whole object, so
// that the last one of each counts.
func fold(set *ledger.Set, entries []*wire.Entry) {
	grants, nases := map[string]*wire.Grant{}, map[visit.NASID]*wire.NAS{}
	zones, rolls := map[string]*wire.Zone{}, map[roll.ID]*wire.Roll{}
	codes, usages := map[roll.ID]*wire.RollCodes{}, map[roll.ID]*wire.RollUsage{}
	for _, e := range entries {
		if e.Position.Revision <= set.Position.Revision {
			continue
		}
		set.Position = e.Position
		switch e.Type {
		case wire.TypeVoucherCreate, wire.TypeVoucherUpdate, wire.TypeGrantPut, wire.TypeVoucherRevoke, wire.TypeGrantDrop:
			grants[e.ObjectID] = e.Grant
		case wire.TypeNASPut, wire.TypeNASDrop:
			nases[visit.NASID(e.ObjectID)] = e.NAS
		case wire.TypeZonePut, wire.TypeZoneDrop:
			zones[e.ObjectID] = e.Zone
		case wire.TypeRollPut:
			rolls[roll.ID(e.ObjectID)] = e.Roll
		case wire.TypeRollDrop:
			rolls[roll.ID(e.ObjectID)], codes[roll.ID(e.ObjectID)], usages[roll.ID(e.ObjectID)] = nil, nil, nil
		case wire.TypeRollCodes:
			codes[roll.ID(e.ObjectID)] = e.Codes
		case wire.TypeRollUsage:
			usages[roll.ID(e.ObjectID)] = e.Usage
		}
	}
	set.Grants = with(set.Grants, grants, func(g wire.Grant) string { return g.ID })
	set.NASes = with(set.NASes, nases, func(n wire.NAS) visit.NASID { return n.ID })
	set.Zones = with(set.Zones, zones, func(z wire.Zone) string { return z.ID })
	set.Rolls = with(set.Rolls, rolls, func(r wire.Roll) roll.ID { return r.ID })
	set.Codes = with(set.Codes, codes, func(c wire.RollCodes) roll.ID { return c.RollID })
	set.Usages = with(set.Usages, usages, func(u wire.RollUsage) roll.ID { return u.RollID })
}

// with returns objects in which changed, nil for removed, have taken their places.
func with[K comparable, V any](objects []V, changed map[K]*V, id func(V) K) []V {
	if len(changed) == 0 {
		return objects
	}
	objects = slices.DeleteFunc(objects, func(v V) bool {
		_, other := changed[id(v)]
		return other
	})
	for _, v := range changed {
		if v != nil {
			objects = append(objects, *v)
		}
	}
	return objects
}

func (f *follower) end(ended []ledger.Ended) {
	for _, e := range ended {
		f.l.cfg.Ladder.End(e.Grant, nil, nil)
	}
}

// keepEpoch is for the next hello. A hub that has not noticed the end of this link
// tells by it that the same agent is back, and not another with its certificate: so
// it is kept at once, and in memory while the disk fails.
func (f *follower) keepEpoch(epoch int64) {
	f.l.epoch = epoch
	if err := f.l.cfg.Ledger.SetEpoch(epoch); err != nil {
		f.l.log.Warn("the epoch was not written", "error", err)
	}
}
