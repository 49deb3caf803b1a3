package link

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

const (
	// maxTests of NASes are under way at a time; more are left out, and the hub,
	// which waits for seconds only, says that no result came.
	maxTests = 4
	// maxTestFor bounds one, whatever the hub says.
	maxTestFor = 10 * time.Second
)

// takes names what this agent acts upon beyond the first frames.
func (l *Link) takes() []wire.Type {
	types := []wire.Type{wire.TakesDevices}
	if l.cfg.Test != nil {
		types = append(types, wire.TypeNASTest)
	}
	if l.cfg.Presence != nil {
		types = append(types, wire.TypePresenceSnapshot)
	}
	return types
}

// test tries a NAS beside everything else, and answers unless the link ends first.
func (c *conn) test(ctx context.Context, f *wire.NASTest) {
	if c.l.cfg.Test == nil {
		return
	}
	started := c.tests.TryGo(func() error {
		within := min(time.Duration(f.WithinMS)*time.Millisecond, maxTestFor)
		limit, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		report := c.l.cfg.Test(limit, f.NASID)
		return c.queue(ctx, &wire.NASTested{ID: f.ID, Report: report})
	})
	if !started {
		c.l.log.Warn("a test of a NAS is left out: too many at a time", "nas_id", f.NASID)
	}
}
