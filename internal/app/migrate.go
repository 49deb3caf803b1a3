package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/store"
)

// Run brings the database and the Temporal namespace up to date, waiting for
// both to answer: in a composition it starts with them.
func (c *MigrateCommand) Run(ctx context.Context, p *Program) error {
	ctx, cancel := context.WithTimeout(ctx, c.Within)
	defer cancel()
	if err := untilAnswered(ctx, func() error { return store.Migrate(ctx, c.URL) }); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	p.Logger.Info("database migrated")
	if c.SkipTemporal {
		return nil
	}
	if err := untilAnswered(ctx, func() error { return c.prepareTemporal(ctx, p) }); err != nil {
		return fmt.Errorf("Temporal: %w", err)
	}
	p.Logger.Info("Temporal namespace ready", "namespace", c.Namespace)
	return nil
}

func (c *MigrateCommand) prepareTemporal(ctx context.Context, p *Program) error {
	ring, err := newKeyring(c.Database)
	if err != nil {
		return err
	}
	config, err := c.config(ring, p.Logger)
	if err != nil {
		return err
	}
	client, err := durable.Dial(config)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := durable.EnsureNamespace(ctx, client, c.Namespace, c.Retention); err != nil {
		return err
	}
	return durable.RegisterSearchAttributes(ctx, client, c.Namespace)
}

// untilAnswered repeats what fails until ctx ends, and returns the last error.
func untilAnswered(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(err, context.DeadlineExceeded) {
				return err
			}
			return errors.Join(err, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}
