package store

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// Arrival is what is kept of what a NAS said of a device. It is personal data.
type Arrival struct{ MAC, IP, SSID, AP string }

// Admission is somebody who is to be let in by a portal: recognised, or by a login.
type Admission struct {
	Method   identity.Method // empty for a recognised account: the one it was made by
	Arrival  Arrival
	Language string
	Cookie   string   // the browser's, as it came
	Consents []string // ids of texts that the guest agreed to
	Clicked  bool     // the guest did something, if only on Continue

	Account visit.PersonID // recognised, or proven otherwise; By says how
	By      identity.Recognition

	// Where Account is empty: what was typed, and whether it was proven.
	Login   string // normalised
	Kind    identity.LoginKind
	Proven  bool
	Visitor visit.Visitor
	Sponsor string
	Profile identity.ProfileID // that a sponsor chose; empty: the template's
	Until   time.Time          // of a grace: when a new account ends that nobody has proven yet

	Registration identity.RegistrationID // that it comes of, which it ends unless it is a grace
}

// Admitted is an authentication, and what the browser is to keep.
type Admitted struct {
	Authentication identity.Authentication
	Account        identity.Account
	Cookie         string // empty: the one that it has
	CookieUntil    time.Time
	Again          bool // it is one that was there already
}

// Refusals of the portal.
var (
	ErrAccessRule = visit.Errorf(visit.KindForbidden, "portal_closed", "Guests are not let in here now.")
	ErrBlocked    = visit.Errorf(visit.KindForbidden, "account_blocked", "This account is not let in.")
	// ErrDeviceTaken: somebody else is online with the device, as far as we know.
	ErrDeviceTaken = visit.Errorf(visit.KindConflict, "device_taken", "This device is online already.")
	ErrConsent     = visit.Errorf(visit.KindInvalid, "consent_missing", "Agree to the terms and the privacy policy to go on.")
)

// againFor is how long a second click is the same one.
const againFor = 10 * time.Second

// Admit lets a device in: it finds or makes the account, checks that it may, and writes
// the authentication, of which a device has one at a time in one network. It returns
// ErrAccessRule, ErrBlocked, ErrConsent, identity.ErrNotActive and
// identity.ErrDeviceLimit; ErrAccountNotFound for a recognised account that is gone.
// With identity.ErrNotActive it returns the account that is not.
func (s *Store) Admit(ctx context.Context, p Portal, a Admission) (admitted Admitted, err error) {
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		admitted = Admitted{}
		if ok, _ := identity.Admits(p.Template.Rules, t.now, p.Zone, a.Arrival.SSID); !ok {
			return ErrAccessRule
		}
		row, entered, err := t.enter(ctx, p, a)
		if errors.Is(err, identity.ErrNotActive) {
			admitted.Account = row.account()
		}
		if err != nil {
			return err
		}
		if a.Method == "" {
			a.Method = row.Method // by which the account was made that was recognised
		}
		if err := t.agree(ctx, p, row.ID, a.Consents); err != nil {
			return err
		}
		admitted, err = t.authenticate(ctx, p, a, row, entered)
		if err == nil && a.Registration != "" {
			err = t.registrationLed(ctx, a.Registration, row.ID, roll.AccessID(admitted.Authentication.ID), a.Until.IsZero())
		}
		if err != nil || admitted.Again {
			return err
		}
		return t.noteAdmission(ctx, p, a, admitted, entered)
	})
	return admitted, err
}

// entered is identity.Entered, and whether what the account may has changed by it: an
// authentication that the device has does not know.
type entered struct {
	identity.Entered
	more bool
}

// enter finds or makes the account, proven and valid.
func (t *tx) enter(ctx context.Context, p Portal, a Admission) (accountRow, entered, error) {
	var row accountRow
	var err error
	if a.Account != "" {
		row, err = t.lockAccount(ctx, a.Account)
	} else if row, err = t.accountByLogin(ctx, a); errors.Is(err, ErrAccountNotFound) {
		row, err = t.newAccount(ctx, p, a)
		return row, entered{Entered: identity.Entered{New: true, Was: identity.Active, Clicked: a.Clicked}}, err
	}
	if err != nil {
		return row, entered{}, err
	}
	if row, err = t.reckoned(ctx, row); err != nil {
		return row, entered{}, err
	}
	was := row.account().Lifecycle(t.now)
	e := entered{Entered: identity.Entered{Was: was, By: a.By, Clicked: a.Clicked, PriorUse: row.FirstLoginAt != nil}}
	switch was {
	case identity.Blocked, identity.Erased:
		return row, e, ErrBlocked
	case identity.Pending, identity.Scheduled:
		return row, e, identity.ErrNotActive
	case identity.Expired:
		if a.Account != "" { // nothing was proven anew
			return row, e, identity.ErrNotActive
		}
	}
	if a.Proven && row.ProvenAt == nil {
		e.more = true
		if row, err = t.prove(ctx, p, row); err != nil {
			return row, e, err
		}
	}
	// What was proven is worth a profile's time, also to a grace that is not over yet.
	switch {
	case was == identity.Expired || e.more && row.grace():
		e.more = true
		row, err = t.renew(ctx, p, a, row)
	case a.Profile != "":
		row, e.more, err = t.extend(ctx, p, a, row)
	}
	return row, e, err
}

// agree writes what was agreed to, and checks that nothing required is missing.
func (t *tx) agree(ctx context.Context, p Portal, person visit.PersonID, texts []string) error {
	current := make([]string, 0, len(p.Consents))
	for _, c := range p.Consents {
		if slices.Contains(texts, c.ID) {
			current = append(current, c.ID)
		}
	}
	const insert = `insert into consents (person_id, text_id, agreed_at) select @person, id, @now from unnest(@texts::uuid[]) id on conflict do nothing`
	if _, err := t.Exec(ctx, insert, pgx.NamedArgs{"person": person, "texts": current, "now": t.now}); err != nil {
		return err
	}
	due, err := consentsDue(ctx, t, p, person)
	if err == nil && len(due) > 0 {
		err = ErrConsent
	}
	return err
}

// consentsDue are the kinds without which nobody is let in, and which the person has
// not agreed to as they read now.
func consentsDue(ctx context.Context, q db, p Portal, person visit.PersonID) ([]identity.ConsentKind, error) {
	if len(p.Consents) == 0 {
		return nil, nil
	}
	agreed, err := scalars[string](ctx, q, `select text_id::text from consents where person_id = @person`, pgx.NamedArgs{"person": person})
	var due []identity.ConsentKind
	for _, c := range p.Consents {
		if c.Kind.Required() && !slices.Contains(agreed, c.ID) {
			due = append(due, c.Kind)
		}
	}
	return due, err
}

// authenticate gives the device its authentication.
func (t *tx) authenticate(ctx context.Context, p Portal, a Admission, row accountRow, e entered) (Admitted, error) {
	out := Admitted{Account: row.account()}
	live, found, err := t.liveAt(ctx, p.ID, a.Arrival.MAC)
	if err != nil {
		return out, err
	}
	if found {
		again := live.PersonID == row.ID && !e.more && live.authentication().Green(t.now) &&
			(e.By != identity.ByNothing || t.now.Sub(live.StartedAt) < againFor)
		if again {
			out.Authentication, out.Again = live.authentication(), true
			return out, nil
		}
		if err := t.mayReplace(ctx, a, row, live); err != nil {
			return out, err
		}
		if err := t.endAuthentication(ctx, live, live.replacedAt(t.now), actorPortal); err != nil {
			return out, err
		}
	}
	if err := t.withinLimit(ctx, row, a.Arrival.MAC); err != nil {
		return out, err
	}
	ends, reason, err := identity.Expiry(t.now, row.account(), p.Template.Lifetime)
	if err != nil {
		return out, err
	}
	id, err := t.s.newID()
	if err != nil {
		return out, err
	}
	made, err := t.insertAuthentication(ctx, p, a, newAuthentication{
		ID: roll.AccessID(id), Person: row.ID, StartedAt: t.now, EndsAt: ends, EndsWith: reason, Entered: e.Entered,
	})
	if err != nil {
		return out, err
	}
	out.Authentication = made.authentication()
	out.Cookie, err = t.giveCookie(ctx, a.Cookie, row)
	out.CookieUntil = row.EndsAt
	return out, err
}

// mayReplace refuses somebody else's login in the place of one that is good: a device's
// address is easily claimed, and its guest would be thrown out. Who was let in before by
// this browser or for this registration, or only to read a mail, may be somebody else now.
func (t *tx) mayReplace(ctx context.Context, a Admission, row accountRow, live authenticationRow) error {
	if live.PersonID == row.ID || !live.authentication().Green(t.now) {
		return nil
	}
	const theirs = `select true where exists (select from browsers where person_id = @person and cookie_hash = any(@cookies))
		or exists (select from registrations where id = @registration::uuid and access_id = @access)
		or exists (select from accounts where person_id = @person and proven_at is null and ends_set and ends_at <= starts_at + @grace::interval)`
	known, err := scalars[bool](ctx, t, theirs, pgx.NamedArgs{
		"person": live.PersonID, "cookies": t.s.cookieHashes(a.Cookie), "registration": optional(a.Registration), "access": live.ID, "grace": identity.MaxGrace,
	})
	if err == nil && len(known) == 0 {
		err = ErrDeviceTaken
	}
	return err
}

// withinLimit counts the account's devices that are online. One that made its address
// up counts like any other while it is online, and not at all afterwards.
func (t *tx) withinLimit(ctx context.Context, row accountRow, mac string) error {
	profile, err := t.anyProfile(ctx, row.ProfileID)
	if err != nil || profile.Devices == 0 {
		return err
	}
	n, err := onlineDevices(ctx, t, row.ID, mac, t.now)
	if err == nil && n >= profile.Devices {
		err = identity.ErrDeviceLimit
	}
	return err
}

// onlineDevices counts those of an account but the one that asks.
func onlineDevices(ctx context.Context, q db, person visit.PersonID, but string, now time.Time) (int, error) {
	const count = `select count(*) from (select distinct case when n.mac = '' then n.access_id::text else n.mac end
		from authentications n join accesses v on v.id = n.access_id
		where n.person_id = @person and n.live and v.ends_at > @now and (@but = '' or n.mac <> @but)) d`
	counts, err := scalars[int](ctx, q, count, pgx.NamedArgs{"person": person, "but": but, "now": now})
	if err != nil {
		return 0, err
	}
	return counts[0], nil
}

// Cookies are drawn anew at each grant, so that a copied one is soon worth nothing.
const (
	cookieSize    = 32
	cookiePurpose = "guest cookie"
	maxCookie     = 100
)

var cookieText = base64.RawURLEncoding

// cookieHashes are what a browser's cookie is looked up by, under each key.
func (s *Store) cookieHashes(cookie string) [][]byte {
	if cookie == "" || len(cookie) > maxCookie {
		return [][]byte{}
	}
	return s.keyring.MACs(cookiePurpose, []byte(cookie))
}

// giveCookie forgets the browser's old cookie, whosever it was, and draws one.
func (t *tx) giveCookie(ctx context.Context, old string, row accountRow) (string, error) {
	if _, err := t.Exec(ctx, `delete from browsers where cookie_hash = any(@old)`, pgx.NamedArgs{"old": t.s.cookieHashes(old)}); err != nil {
		return "", err
	}
	secret := make([]byte, cookieSize)
	if _, err := io.ReadFull(t.s.rand, secret); err != nil {
		return "", err
	}
	cookie := cookieText.EncodeToString(secret)
	const insert = `insert into browsers (cookie_hash, person_id, made_at, expires_at) values (@hash, @person, @now, @until)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"hash": t.s.keyring.MAC(cookiePurpose, []byte(cookie)), "person": row.ID, "now": t.now, "until": row.EndsAt,
	})
	return cookie, err
}
