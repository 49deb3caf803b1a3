package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
)

// Kiosk is a screen in a site's lobby.
type Kiosk struct {
	ID            string
	SiteID        visit.SiteID
	Name          string
	WalkIns       bool // visitors may register themselves
	CodeExpiresAt *time.Time
	CreatedBy     string
	CreatedAt     time.Time
	PairedAt      *time.Time
	LastSeenAt    *time.Time
	RevokedAt     *time.Time
}

// Pairing codes.
const (
	codeDigits = 6
	codeFor    = 10 * time.Minute
	// codeGuesses is how many wrong codes may come, from wherever, while one is good.
	// A wrong code says nothing of which one it was meant for, so that it counts
	// against all: each is guessed with a chance of at most 20 in a million.
	codeGuesses = 20
	codePurpose = "kiosk-code"
)

// Refusals of kiosks.
var (
	ErrKioskNotFound = visit.Errorf(visit.KindNotFound, "kiosk_not_found", "There is no such kiosk, or it was revoked.")
	ErrPairingCode   = visit.Errorf(visit.KindUnauthenticated, "pairing_refused", "This code is not right, or is over. Codes are good for ten minutes.")
	errKioskName     = visit.Invalid("name", "A kiosk needs a name of at most 200 characters.")
	errCodesTaken    = visit.Errorf(visit.KindUnavailable, "unavailable", "Too many codes are out. Try again in a moment.")
)

type kioskRow struct {
	ID            string       `db:"id"`
	SiteID        visit.SiteID `db:"site_id"`
	Name          string       `db:"name"`
	WalkIns       bool         `db:"walk_ins"`
	CodeExpiresAt *time.Time   `db:"code_expires_at"`
	CreatedBy     string       `db:"created_by"`
	CreatedAt     time.Time    `db:"created_at"`
	PairedAt      *time.Time   `db:"paired_at"`
	LastSeenAt    *time.Time   `db:"last_seen_at"`
	RevokedAt     *time.Time   `db:"revoked_at"`
}

const kioskColumns = `v.id, v.site_id, v.name, v.walk_ins, v.code_expires_at, v.created_by, v.created_at, v.paired_at, v.last_seen_at, v.revoked_at`

// CreateKiosk adds a kiosk to a site and returns it with the code to pair it with,
// of which a keyed hash is kept. It returns ErrSiteNotFound and ErrSiteArchived.
func (s *Store) CreateKiosk(ctx context.Context, by Caller, site visit.SiteID, name string, walkIns bool) (Kiosk, string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 200 {
		return Kiosk{}, "", errKioskName
	}
	var kiosk Kiosk
	var code string
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		found, err := findSite(ctx, t, by.Scope, site)
		if err != nil {
			return err
		}
		if found.ArchivedAt != nil {
			return visit.ErrSiteArchived
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		kiosk = Kiosk{ID: id, SiteID: found.ID, Name: name, WalkIns: walkIns, CreatedBy: by.Actor, CreatedAt: t.now}
		t.audit(found.ID, by.Actor, "kiosk.created", "kiosk:"+id, map[string]any{"walk_ins": walkIns})
		const insert = `insert into kiosks (id, site_id, name, walk_ins, created_by, created_at) values (@id, @site, @name, @walk_ins, @by, @now)`
		if _, err := t.Exec(ctx, insert, pgx.NamedArgs{"id": id, "site": found.ID, "name": name, "walk_ins": walkIns, "by": by.Actor, "now": t.now}); err != nil {
			return err
		}
		code, err = t.pairingCode(ctx, &kiosk)
		return err
	})
	return kiosk, code, err
}

// pairingCode draws a code that no other kiosk has. Hashes of codes that are over
// are wiped on the way, so that theirs may be drawn again.
func (t *tx) pairingCode(ctx context.Context, kiosk *Kiosk) (string, error) {
	const wipe = `update kiosks set code_hash = null, code_expires_at = null where code_expires_at <= @now`
	if _, err := t.Exec(ctx, wipe, pgx.NamedArgs{"now": t.now}); err != nil {
		return "", err
	}
	const save = `update kiosks set code_hash = @hash, code_expires_at = @expires, code_guesses = 0
		where id = @id and not exists (select from kiosks where code_hash = @hash)`
	expires := t.now.Add(codeFor)
	for range 10 {
		code, err := drawDigits(t.s.rand, codeDigits)
		if err != nil {
			return "", err
		}
		n, err := exec(ctx, t, save, pgx.NamedArgs{"id": kiosk.ID, "hash": t.s.keyring.MAC(codePurpose, []byte(code)), "expires": expires})
		if err != nil {
			return "", err
		}
		if n == 1 {
			kiosk.CodeExpiresAt = &expires
			return code, nil
		}
	}
	return "", errCodesTaken
}

// drawDigits returns n digits, each number equally likely.
func drawDigits(random io.Reader, n int) (string, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	number, err := rand.Int(random, limit)
	if err != nil {
		return "", fmt.Errorf("random source: %w", err)
	}
	return fmt.Sprintf("%0*d", n, number), nil
}

// Kiosks returns a site's kiosks that were not revoked, the newest first, or
// ErrSiteNotFound.
func (s *Store) Kiosks(ctx context.Context, scope Scope, site visit.SiteID) ([]Kiosk, error) {
	kiosks := []Kiosk{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + kioskColumns + ` from kiosks v where v.site_id = @site and v.revoked_at is null order by v.id desc`
		rows, err := all[kioskRow](ctx, q, list, pgx.NamedArgs{"site": site})
		for _, row := range rows {
			kiosks = append(kiosks, Kiosk(row))
		}
		return err
	})
	return kiosks, err
}

// RevokeKiosk ends a kiosk at once, or returns ErrKioskNotFound.
func (s *Store) RevokeKiosk(ctx context.Context, by Caller, site visit.SiteID, id string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		const revoke = `update kiosks v set revoked_at = @now, code_hash = null, code_expires_at = null
			where v.id = @id and v.site_id = @site and v.revoked_at is null and ` + inScope
		n, err := exec(ctx, t, revoke, by.Scope.args(pgx.NamedArgs{"id": id, "site": site, "now": t.now}))
		if err != nil || n == 0 {
			return orNone(err, ErrKioskNotFound)
		}
		t.audit(site, by.Actor, "kiosk.revoked", "kiosk:"+id, nil)
		t.notify(NotifyAccess, "", "")
		return nil
	})
}

// PairKiosk makes the screen that sends a code a kiosk, which is known by the hash
// of its secret from then on. A code works once. Any other code counts against all
// that are good and returns ErrPairingCode.
func (s *Store) PairKiosk(ctx context.Context, code string, secretHash []byte) (Kiosk, error) {
	var kiosk Kiosk
	paired := false
	err := s.write(ctx, func(ctx context.Context, t *tx) (err error) {
		paired = false
		good, err := t.goodCodes(ctx)
		if err != nil || len(good) == 0 {
			return err
		}
		ids := make([]string, len(good))
		for i, g := range good {
			ids[i] = g.ID
			if g.is(s.keyring.MACs(codePurpose, []byte(code))) {
				paired = true
				kiosk, err = t.pair(ctx, g.ID, secretHash)
				return err
			}
		}
		// Counted in the transaction that looked: the rows are locked, so that of many
		// guesses at once each sees those before it.
		_, err = t.Exec(ctx, `update kiosks set code_guesses = code_guesses + 1 where id = any(@ids::uuid[])`, pgx.NamedArgs{"ids": ids})
		return err
	})
	if err == nil && !paired {
		err = ErrPairingCode
	}
	return kiosk, err
}

type goodCode struct {
	ID       string
	CodeHash []byte
}

// is compares with the hash under every key, in the same time.
func (g goodCode) is(hashes [][]byte) (same bool) {
	for _, hash := range hashes {
		same = hmac.Equal(hash, g.CodeHash) || same
	}
	return same
}

// goodCodes locks the kiosks whose codes are good, in one order, so that guesses
// take turns.
func (t *tx) goodCodes(ctx context.Context) ([]goodCode, error) {
	const list = `select id, code_hash from kiosks
		where code_hash is not null and code_expires_at > @now and code_guesses < @guesses and revoked_at is null
		order by id for no key update`
	return all[goodCode](ctx, t, list, pgx.NamedArgs{"now": t.now, "guesses": codeGuesses})
}

func (t *tx) pair(ctx context.Context, id string, secretHash []byte) (Kiosk, error) {
	const pair = `update kiosks v set secret_hash = @secret, paired_at = @now, last_seen_at = @now, code_hash = null, code_expires_at = null
		where v.id = @id returning ` + kioskColumns
	row, err := one[kioskRow](ctx, t, ErrPairingCode, pair, pgx.NamedArgs{"secret": secretHash, "id": id, "now": t.now})
	t.audit(row.SiteID, "kiosk:"+id, "kiosk.paired", "kiosk:"+id, nil)
	return Kiosk(row), err
}

// KioskByHash returns the kiosk whose secret has this hash, or ErrKioskNotFound. It
// has walk-ins where its site has.
func (s *Store) KioskByHash(ctx context.Context, hash []byte) (Kiosk, error) {
	var row kioskRow
	now := s.now()
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select v.id, v.site_id, v.name, v.walk_ins and s.walk_ins as walk_ins, v.code_expires_at,
				v.created_by, v.created_at, v.paired_at, v.last_seen_at, v.revoked_at
			from kiosks v join sites s on s.id = v.site_id
			where v.secret_hash = @hash and v.revoked_at is null and s.archived_at is null`
		if row, err = one[kioskRow](ctx, q, ErrKioskNotFound, find, pgx.NamedArgs{"hash": hash}); err != nil {
			return err
		}
		if row.LastSeenAt != nil && now.Sub(*row.LastSeenAt) < touchEach {
			return nil
		}
		_, err = exec(ctx, q, `update kiosks set last_seen_at = @now where id = @id`, pgx.NamedArgs{"id": row.ID, "now": now})
		return err
	})
	return Kiosk(row), err
}
