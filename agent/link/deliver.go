package link

import (
	"context"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

const (
	// maxReport is about how much JSON one report holds: half a frame, because a
	// frame also has a head and sizes are estimates.
	maxReport = wire.MaxFrame / 2
	// maxUnderWay is how many reports may be unacknowledged.
	maxUnderWay = 4
	// renewPause keeps a clock that is wrong from renewing without end.
	renewPause = time.Hour
)

// upload is how far the journal has been sent on this link.
type upload struct {
	next     uint64      // the first sequence not sent yet
	underWay []uint64    // last sequences of the reports sent, not acknowledged
	acked    chan uint64 // from the taker: the hub has stored up to here
}

func newUpload() upload { return upload{acked: make(chan uint64, queueIn)} }

// deliver sends the journal's records, stats, and certificate requests when due.
func (c *conn) deliver(ctx context.Context) error {
	stats := time.NewTicker(c.l.cfg.Timing.Stats)
	defer stats.Stop()
	renew := time.NewTicker(c.l.cfg.Timing.Renew)
	defer renew.Stop()
	if err := c.queueStats(ctx); err != nil {
		return err
	}
	if err := c.renew(ctx); err != nil {
		return err
	}
	for {
		if err := c.report(ctx); err != nil {
			return err
		}
		var err error
		select {
		case <-c.l.cfg.Journal.Notify():
		case seq := <-c.upload.acked:
			c.upload.confirm(seq)
		case <-stats.C:
			err = c.queueStats(ctx)
		case <-c.l.cfg.StatsDue:
			err = c.queueStats(ctx)
		case <-renew.C:
			err = c.renew(ctx)
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

// report sends records as long as there are any and not too many are under way.
func (c *conn) report(ctx context.Context) error {
	for len(c.upload.underWay) < maxUnderWay {
		records, err := c.l.cfg.Journal.Pending(c.upload.next, maxReport)
		if err != nil { // no reason to stop following the ledger
			c.l.log.Error("the journal cannot be read", "error", err)
			return nil
		}
		if len(records) == 0 {
			return nil
		}
		last := records[len(records)-1].Sequence
		if err := c.queueReport(ctx, records); err != nil {
			return err
		}
		c.upload.next = last + 1
		c.upload.underWay = append(c.upload.underWay, last)
	}
	return nil
}

// queueReport sends records in one frame, or in halves where they exceed it. A
// single record that does is left out: waiting for it would hold up all others.
func (c *conn) queueReport(ctx context.Context, records []wire.Record) error {
	frame := &wire.Report{Journal: c.l.cfg.Journal.ID(), Records: records}
	if _, err := wire.Encode(frame); err == nil {
		return c.queue(ctx, frame)
	}
	if len(records) == 1 {
		c.l.cfg.Metrics.oversize.Inc()
		c.l.log.Error("a journal record exceeds a frame and is left out", "sequence", records[0].Sequence)
		return c.queue(ctx, &wire.Report{Journal: frame.Journal, Records: []wire.Record{{Sequence: records[0].Sequence, At: records[0].At}}})
	}
	half := len(records) / 2
	if err := c.queueReport(ctx, records[:half]); err != nil {
		return err
	}
	return c.queueReport(ctx, records[half:])
}

// stored lets the journal forget what the hub has stored, and deliver go on.
func (c *conn) stored(f *wire.ReportAck) error {
	if f.Journal != c.l.cfg.Journal.ID() {
		return nil
	}
	if err := c.l.cfg.Journal.Ack(f.Sequence); err != nil {
		c.l.log.Warn("the journal cannot forget what is stored", "error", err) // it will be sent again
	}
	select {
	case c.upload.acked <- f.Sequence:
		return nil
	default:
		return fmt.Errorf("more than %d acknowledgements wait", queueIn)
	}
}

func (u *upload) confirm(seq uint64) {
	for len(u.underWay) > 0 && u.underWay[0] <= seq {
		u.underWay = u.underWay[1:]
	}
}

func (c *conn) queueStats(ctx context.Context) error {
	stats := c.l.cfg.Stats()
	return c.queue(ctx, &stats)
}

// renew asks for a new certificate when it is time.
func (c *conn) renew(ctx context.Context) error {
	now := c.l.cfg.Now()
	if now.Sub(c.l.renewedAt) < renewPause {
		return nil
	}
	request, err := c.renewal.due(c.l)
	if err != nil || request == nil {
		return err
	}
	c.l.renewedAt = now
	return c.queue(ctx, request)
}
