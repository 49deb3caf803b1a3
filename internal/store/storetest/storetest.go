// Package storetest gives each test a database of its own, with the schema, on
// the shared Postgres. The schema is migrated once into a template; a test's
// database is a copy of it, which takes a fraction of a second.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/devstack/devstacktest"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/store"
)

// Bench is a store on a database of its own, with what a test steers it by.
type Bench struct {
	*store.Store
	URL     string
	Clock   *Clock
	Keyring *seal.Keyring
}

// New returns a store on a new database; both end with the test.
func New(t testing.TB) *Bench {
	t.Helper()
	return On(t, URL(t))
}

// On returns a store on the database at url, for a test that opens it twice. Its
// clock starts at the present.
func On(t testing.TB, url string) *Bench {
	t.Helper()
	clock := NewClock(time.Now())
	keyring := Keyring(t)
	s, err := store.Open(t.Context(), store.Config{
		URL: url, Keyring: keyring, Now: clock.Now, Rand: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return &Bench{Store: s, URL: url, Clock: clock, Keyring: keyring}
}

// Keyring returns the deployment key of all test databases.
func Keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	keyring, err := seal.Parse("c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ=")
	require.NoError(t, err)
	return keyring
}

// Clock is a clock that a test moves. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex // guards now
	now time.Time
}

// NewClock returns a clock that stands at now.
func NewClock(now time.Time) *Clock { return &Clock{now: now.UTC().Truncate(time.Microsecond)} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// URL returns the URL of a new, migrated database that is dropped when the test
// ends.
func URL(t testing.TB) string {
	t.Helper()
	server := devstacktest.SharedPostgres(t)
	template, err := templateFor(t.Context(), server)
	require.NoError(t, err)
	name := "test_" + random()
	require.NoError(t, onServer(t.Context(), server, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, fmt.Sprintf("create database %s template %s", name, template))
		return err
	}))
	t.Cleanup(func() {
		_ = onServer(context.WithoutCancel(t.Context()), server, func(ctx context.Context, c *pgx.Conn) error {
			_, err := c.Exec(ctx, "drop database if exists "+name+" with (force)")
			return err
		})
	})
	return withDatabase(server, name)
}

var (
	templateMu sync.Mutex // guards templates
	templates  = map[string]string{}
)

// templateFor returns the template's name on a server, made by whichever process
// comes first. The name says which migrations it has.
func templateFor(ctx context.Context, server string) (string, error) {
	templateMu.Lock()
	defer templateMu.Unlock()
	if name, ok := templates[server]; ok {
		return name, nil
	}
	name, err := templateName()
	if err != nil {
		return "", err
	}
	err = onServer(ctx, server, func(ctx context.Context, c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "select pg_advisory_lock(hashtext('foyer storetest'))"); err != nil {
			return err
		}
		var exists bool
		err := c.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists)
		if err != nil || exists {
			return err
		}
		return makeTemplate(ctx, c, server, name)
	})
	if err == nil {
		templates[server] = name
	}
	return name, err
}

// makeTemplate migrates under another name first, so that a template that exists
// is complete.
func makeTemplate(ctx context.Context, c *pgx.Conn, server, name string) error {
	draft := "draft_" + random()
	if _, err := c.Exec(ctx, "create database "+draft); err != nil {
		return err
	}
	if err := store.Migrate(ctx, withDatabase(server, draft)); err != nil {
		return err
	}
	_, err := c.Exec(ctx, fmt.Sprintf("alter database %s rename to %s", draft, name))
	return err
}

func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(store.Migrations(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(store.Migrations(), path)
		fmt.Fprintf(sum, "%s %d ", path, len(text))
		sum.Write(text)
		return err
	})
	return "template_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

func onServer(ctx context.Context, server string, f func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return f(ctx, conn)
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic("storetest: the server's address is no URL")
	}
	u.Path = "/" + name
	return u.String()
}

func random() string { return strings.ToLower(rand.Text())[:16] }
