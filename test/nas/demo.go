package nas

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Demo lets guests come and go at a NAS, so that a dashboard has something to
// show. NAS and Next are required.
type Demo struct {
	NAS *NAS
	// Next names the device that arrives next; false means that nobody waits.
	// It gets the deadline of one step.
	Next func(ctx context.Context) (Guest, bool, error)

	Every   time.Duration // between steps; 5 s if zero
	Present int           // at most so many guests at a time; 5 if zero
	// Stay is the chance in percent that a step brings somebody even though a
	// guest could leave; 70 if zero.
	Stay   int
	Rand   *rand.Rand // nil is seeded at random
	Logger *slog.Logger
}

// Run moves guests until ctx ends, and returns nil then. Failed logins are
// logged, not returned: a demo goes on while its server restarts.
func (d Demo) Run(ctx context.Context) error {
	if d.NAS == nil || d.Next == nil {
		return errors.New("nas: a demo needs a NAS and guests")
	}
	d.setDefaults()
	ticker := time.NewTicker(d.Every)
	defer ticker.Stop()
	for {
		d.step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (d *Demo) setDefaults() {
	setDefault(&d.Every, 5*time.Second)
	setDefault(&d.Present, 5)
	setDefault(&d.Stay, 70)
	setDefault(&d.Logger, slog.New(slog.DiscardHandler))
	if d.Rand == nil {
		d.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // who leaves when is no secret
	}
}

// step brings one guest or sends one away.
func (d *Demo) step(ctx context.Context) {
	online := d.NAS.Online()
	full := len(online) >= d.Present
	if full || len(online) > 0 && d.Rand.IntN(100) >= d.Stay {
		d.NAS.Logout(online[d.Rand.IntN(len(online))].MAC)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, max(d.Every, 10*time.Second))
	defer cancel()
	if err := d.arrive(ctx); err != nil && ctx.Err() == nil {
		d.Logger.Warn("demo guest could not log in", "nas", d.NAS.Name(), "error", err)
	}
}

func (d *Demo) arrive(ctx context.Context) error {
	guest, waiting, err := d.Next(ctx)
	if err != nil || !waiting {
		return err
	}
	result, err := d.NAS.Login(ctx, guest)
	if err == nil && !result.Accepted {
		err = errors.New("rejected")
	}
	return err
}
