package store

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Token is an API token, found by the SHA-256 of its secret.
type Token struct {
	ID          string
	Name        string
	Permissions []string
	Scope       Scope
	CreatedBy   string
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	LastUsedAt  *time.Time
	RevokedAt   *time.Time
}

// NewToken is what a token starts from.
type NewToken struct {
	Name        string
	Permissions []string
	Scope       Scope
	ExpiresAt   *time.Time
	SecretHash  []byte
}

type tokenRow struct {
	ID          string         `db:"id"`
	Name        string         `db:"name"`
	Permissions []string       `db:"permissions"`
	Sites       []visit.SiteID `db:"sites"`
	AllSites    bool           `db:"all_sites"`
	CreatedBy   string         `db:"created_by"`
	CreatedAt   time.Time      `db:"created_at"`
	ExpiresAt   *time.Time     `db:"expires_at"`
	LastUsedAt  *time.Time     `db:"last_used_at"`
	RevokedAt   *time.Time     `db:"revoked_at"`
}

const tokenColumns = `id, name, permissions, sites, sites is null as all_sites, created_by, created_at, expires_at, last_used_at, revoked_at`

func (r tokenRow) token() Token {
	return Token{
		ID: r.ID, Name: r.Name, Permissions: r.Permissions, Scope: Scope{All: r.AllSites, Sites: r.Sites},
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt, RevokedAt: r.RevokedAt,
	}
}

// CreateToken stores a token; its secret is the caller's to show once.
func (s *Store) CreateToken(ctx context.Context, by Caller, token NewToken) (Token, error) {
	name := strings.TrimSpace(token.Name)
	if name == "" || len(name) > 200 {
		return Token{}, visit.Invalid("name", "A token needs a name of at most 200 characters.")
	}
	var created Token
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		id, err := s.newID()
		if err != nil {
			return err
		}
		created = Token{
			ID: id, Name: name, Permissions: texts(token.Permissions), Scope: token.Scope,
			CreatedBy: by.Actor, CreatedAt: t.now, ExpiresAt: token.ExpiresAt,
		}
		t.audit("", by.Actor, "token.created", "token:"+id, map[string]any{"permissions": len(token.Permissions), "all_sites": token.Scope.All})
		const insert = `insert into tokens (id, name, secret_hash, permissions, sites, created_by, created_at, expires_at)
			values (@id, @name, @hash, @permissions, @sites, @by, @now, @expires)`
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{
			"id": id, "name": name, "hash": token.SecretHash, "permissions": created.Permissions, "sites": token.Scope.column(),
			"by": by.Actor, "now": t.now, "expires": token.ExpiresAt,
		})
		return err
	})
	return created, err
}

// TokenByHash returns the token whose secret has this hash. One that was revoked
// or is over is ErrTokenNotFound.
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (Token, error) {
	var row tokenRow
	now := s.now()
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select ` + tokenColumns + ` from tokens
			where secret_hash = @hash and revoked_at is null and (expires_at is null or expires_at > @now)`
		if row, err = one[tokenRow](ctx, q, ErrTokenNotFound, find, pgx.NamedArgs{"hash": hash, "now": now}); err != nil {
			return err
		}
		if row.LastUsedAt != nil && now.Sub(*row.LastUsedAt) < touchEach {
			return nil
		}
		_, err = exec(ctx, q, `update tokens set last_used_at = @now where id = @id`, pgx.NamedArgs{"id": row.ID, "now": now})
		return err
	})
	return row.token(), err
}

// Tokens returns all tokens, the newest first, revoked ones included.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	tokens := []Token{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		rows, err := all[tokenRow](ctx, q, `select `+tokenColumns+` from tokens order by created_at desc, id desc`, nil)
		for _, row := range rows {
			tokens = append(tokens, row.token())
		}
		return err
	})
	return tokens, err
}

// RevokeToken ends a token at once; revoking twice is no error.
func (s *Store) RevokeToken(ctx context.Context, by Caller, id string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := one[tokenRow](ctx, t, ErrTokenNotFound, `select `+tokenColumns+` from tokens where id = @id for no key update`, pgx.NamedArgs{"id": id})
		if err != nil || row.RevokedAt != nil {
			return err
		}
		t.audit("", by.Actor, "token.revoked", "token:"+id, nil)
		t.notify(NotifyAccess, "", "")
		_, err = t.Exec(ctx, `update tokens set revoked_at = @now where id = @id`, pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
}
