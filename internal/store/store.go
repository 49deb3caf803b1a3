package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// Config is what a Store needs. URL and Keyring are required.
type Config struct {
	URL      string // postgres://…
	Keyring  *seal.Keyring
	Now      func() time.Time // nil: time.Now
	Rand     io.Reader        // nil: crypto/rand
	Logger   *slog.Logger     // nil: slog.Default
	MaxConns int32            // zero: 16
	// GuestDomain is what the names of authentications end with; empty: guest.invalid,
	// which is nobody's (RFC 2606).
	GuestDomain string
}

// Store is the database. It is safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool
	url     string
	keyring *seal.Keyring
	clock   func() time.Time
	rand    io.Reader
	log     *slog.Logger
	pulse   *pulse

	guestDomain string
}

func (c Config) withDefaults() (Config, error) {
	if c.URL == "" || c.Keyring == nil {
		return c, errors.New("store: a database URL and a keyring are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.MaxConns <= 0 {
		c.MaxConns = 16
	}
	if c.GuestDomain == "" {
		c.GuestDomain = identity.NoDomain
	}
	return c, nil
}

// Open connects to a database that Migrate has prepared. It fails when the
// server does not answer.
func Open(ctx context.Context, config Config) (*Store, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	pool, err := openPool(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Store{
		pool: pool, url: config.URL, keyring: config.Keyring,
		clock: config.Now, rand: config.Rand, log: config.Logger,
		pulse: startPulse(pool, config.Logger), guestDomain: config.GuestDomain,
	}, nil
}

// openPool bounds what a forgotten statement or transaction can hold up: the
// server's own limits are the last fence behind the contexts' deadlines.
func openPool(ctx context.Context, config Config) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(config.URL)
	if err != nil {
		return nil, errors.New("store: the database URL does not parse") // the cause would quote the password
	}
	pc.MaxConns = config.MaxConns
	for name, value := range map[string]string{
		"application_name":                    "foyer",
		"timezone":                            "UTC",
		"statement_timeout":                   "60000",
		"idle_in_transaction_session_timeout": "60000",
	} {
		if _, set := pc.ConnConfig.RuntimeParams[name]; !set {
			pc.ConnConfig.RuntimeParams[name] = value
		}
	}
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	pc.AfterConnect = func(_ context.Context, c *pgx.Conn) error {
		c.TypeMap().RegisterType(&pgtype.Type{
			Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
		})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, visit.Unavailable("database", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, visit.Unavailable("database", err)
	}
	return pool, nil
}

// Close waits for what is under way and closes all connections.
func (s *Store) Close() {
	s.pulse.close()
	s.pool.Close()
}

// now is the store's clock in what Postgres keeps: UTC, microseconds.
func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }
