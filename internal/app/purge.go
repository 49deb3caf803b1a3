package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/worker"
	"github.com/foyerhq/foyer/workflows"
)

// Rewrite says which tables a purge takes deleted rows out of.
type Rewrite struct {
	PurgeRewrite int64 `help:"A purge rewrites tables of at most so many megabytes, so that nothing deleted stays in their files; 0 for none." default:"512" env:"FOYER_PURGE_REWRITE"`
}

func (r Rewrite) bytes() int64 { return r.PurgeRewrite << 20 }

// Purging is when and how personal data is purged.
type Purging struct {
	PurgeHour int `help:"Hour (UTC, 0 to 23) from which the night's purge may begin." default:"3" env:"FOYER_PURGE_HOUR"`
	Rewrite
}

func (p Purging) settings() worker.PurgeSettings {
	return worker.PurgeSettings{Hour: min(max(p.PurgeHour, 0), 23), RewriteBytes: p.bytes()}
}

// PurgeCommand purges now.
type PurgeCommand struct {
	Database
	Temporal
	Rewrite
}

// Run starts a purge, waits for its end and prints its proof. Interrupted, it leaves
// the purge to the workers.
func (c *PurgeCommand) Run(ctx context.Context, p *Program) error {
	in := activities.PurgeInput{Day: time.Now().UTC().Format(time.DateOnly), RewriteBytes: c.bytes()}
	err := withStore(ctx, p, c.Database, func(ctx context.Context, s *store.Store) (err error) {
		in.Run, err = s.NextPurgeRun(ctx, in.Day)
		return err
	})
	if err != nil {
		return err
	}
	ring, err := newKeyring(c.Database)
	if err != nil {
		return err
	}
	config, err := c.config(ring, p.Logger)
	if err != nil {
		return err
	}
	temporal, err := durable.Dial(config)
	if err != nil {
		return err
	}
	defer temporal.Close()
	proof, err := workflows.NewClient(temporal, c.Namespace, workflows.DefaultTaskQueue).Purge(ctx, in)
	if err != nil {
		return err
	}
	for _, class := range slices.Sorted(maps.Keys(proof.Counts)) {
		_, _ = fmt.Fprintf(p.Out, "%s\t%d\n", class, proof.Counts[class])
	}
	_, err = fmt.Fprintf(p.Out, "tables rewritten: %s\ntables left for the next time: %s\n", listed(proof.Rewritten), listed(proof.Skipped))
	return err
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
