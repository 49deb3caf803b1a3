package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/foyerhq/foyer/internal/visit"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations returns the embedded migrations, for tools and tests.
func Migrations() fs.FS {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return files
}

// Migrate brings the database to this program's schema. Migrations go forward
// only; processes that migrate at the same time wait for each other.
func Migrate(ctx context.Context, url string) error {
	return withMigrations(url, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("store: migrate: %w", err)
		}
		return nil
	})
}

func withMigrations(url string, f func(*goose.Provider) error) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("store: the database URL does not parse") // the cause would quote the password
	}
	db := stdlib.OpenDB(*config)
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("store: migrations: %w", err)
	}
	return f(provider)
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, Migrations(), goose.WithSessionLocker(locker))
}

// Ready reports whether the database answers and has this program's schema or a
// newer one. It returns KindUnavailable errors only.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := limited(ctx)
	defer cancel()
	const applied = `select coalesce(max(version_id), 0)::bigint from goose_db_version where is_applied`
	var version int64
	if err := s.pool.QueryRow(ctx, applied).Scan(&version); err != nil {
		return visit.Unavailable("database", err)
	}
	if version < newestMigration {
		return visit.Unavailable("database", fmt.Errorf("its schema is %d, this program's is %d: run foyer migrate", version, newestMigration))
	}
	return nil
}

// newestMigration is the number of the last file.
var newestMigration = func() (newest int64) {
	files, err := fs.Glob(Migrations(), "*.sql")
	if err != nil {
		panic(err) // the pattern is the one above
	}
	for _, name := range files {
		number, err := goose.NumericComponent(name)
		if err != nil {
			panic(err) // no migration would run with such a file
		}
		newest = max(newest, number)
	}
	return newest
}()
