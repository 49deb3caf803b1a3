package app

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/store"
)

// AuditCommands look at the trail.
type AuditCommands struct {
	Verify AuditVerify `cmd:"" help:"Verify the chains, or an export; names the first bad row and fails."`
	Export AuditExport `cmd:"" help:"Write the trail to a file that verifies by itself."`
	Keys   AuditKeys   `cmd:"" help:"Print the public keys that exports and checkpoints are signed with, the present one first."`
}

// AuditVerify verifies the chains in the database, or an export without it.
type AuditVerify struct {
	URL  string `name:"database-url" help:"Postgres URL; not needed with --file." env:"FOYER_DATABASE_URL" secret:""`
	Key  string `name:"key" help:"Deployment key; not needed with --file." env:"FOYER_KEY" secret:""`
	File string `help:"An export to verify, without the database; - for standard input."`
	// A file cannot vouch for the keys that it brings.
	PublicKeys []string `name:"public-key" help:"With --file: trust these keys, from audit keys, instead of those in the file."`
	Chain      string   `help:"A site's id, or deployment; all when absent."`
}

var errAudit = errors.New("the audit trail does not verify")

// Run prints the report as JSON and fails when a row is bad.
func (c *AuditVerify) Run(ctx context.Context, p *Program) error {
	switch {
	case c.File != "" && c.Chain != "":
		return errors.New("--file is verified as a whole: --chain does not go with it")
	case c.File != "":
		return c.file(p)
	case c.URL == "" || c.Key == "":
		return errors.New("--file, or --database-url and --key, are needed")
	}
	return withStoreFor(ctx, p, Database{URL: c.URL, Key: c.Key}, store.ExportFor, func(ctx context.Context, s *store.Store) error {
		report, err := s.AuditVerify(ctx, store.Everything, c.Chain)
		if err != nil {
			return err
		}
		return conclude(p.Out, report, report.OK)
	})
}

func (c *AuditVerify) file(p *Program) error {
	var keys []ed25519.PublicKey
	for _, text := range c.PublicKeys {
		key, err := audit.ParsePublicKey(text)
		if err != nil {
			return err
		}
		keys = append(keys, key)
	}
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	report, err := audit.VerifyExport(in, keys...)
	if err != nil {
		return err
	}
	if !report.KeysPinned {
		p.Logger.Warn("checked with the keys that the file itself brings; pin them with --public-key")
	}
	for _, chain := range report.Chains {
		if !chain.Complete {
			p.Logger.Info("a piece of a chain: what was before its first row is not judged", "chain", chain.Chain, "seq", chain.First)
		}
	}
	return conclude(p.Out, report, report.OK)
}

func conclude(out io.Writer, report any, ok bool) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	if !ok {
		return errAudit
	}
	return nil
}

// AuditExport writes the trail to a file.
type AuditExport struct {
	Database
	Format audit.Format `help:"ndjson or csv." enum:"ndjson,csv" default:"ndjson"`
	Chain  string       `help:"A site's id, or deployment; all when absent."`
	From   time.Time    `help:"Rows from this instant on, as in 2026-03-01T00:00:00Z."`
	To     time.Time    `help:"Rows before this instant."`
	Output string       `help:"The file; standard output when absent." type:"path"`
}

// Run writes the export. A file is there whole or not at all.
func (c *AuditExport) Run(ctx context.Context, p *Program) error {
	return withStoreFor(ctx, p, c.Database, store.ExportFor, func(ctx context.Context, s *store.Store) error {
		if c.Output == "" {
			return c.write(ctx, s, p.Out)
		}
		temporary := c.Output + ".new"
		file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		if err := errors.Join(c.write(ctx, s, file), file.Close()); err != nil {
			return errors.Join(err, os.Remove(temporary))
		}
		return os.Rename(temporary, c.Output)
	})
}

func (c *AuditExport) write(ctx context.Context, s *store.Store, to io.Writer) error {
	buffered := bufio.NewWriter(to)
	out, err := audit.NewExporter(buffered, c.Format)
	if err != nil {
		return err
	}
	export := store.AuditExport{Chain: c.Chain, From: set(c.From), To: set(c.To), Format: c.Format}
	if err := s.ExportAudit(ctx, operator, export, out); err != nil {
		return err
	}
	return buffered.Flush()
}

func set(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// AuditKeys prints public keys.
type AuditKeys struct {
	Key string `name:"key" help:"Deployment key." required:"" env:"FOYER_KEY" secret:""`
}

// Run prints a key a line, behind its id.
func (c *AuditKeys) Run(p *Program) error {
	ring, err := newKeyring(Database{Key: c.Key})
	if err != nil {
		return err
	}
	for _, key := range store.CheckpointKeys(ring) {
		if _, err := fmt.Fprintln(p.Out, audit.CheckpointKeyID(key), hex.EncodeToString(key)); err != nil {
			return err
		}
	}
	return nil
}
