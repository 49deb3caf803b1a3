// Package link makes and reads signed links: what a mail or a printed code lets
// its holder do, without anything being stored.
//
// A token is 52 characters of base64url for
//
//	version (1) | purpose (1) | expiry, Unix seconds (5) | object's UUID (16) | MAC (16)
//
// where the MAC is the first half of HMAC-SHA-256 under a key derived from the
// deployment key. The same object, purpose and expiry give the same token, so that
// a mail that is sent again holds the same link. A token cannot be withdrawn; what
// it opens asks the object's row what is still allowed. After a rotation of the
// deployment key, links under the old key hold as long as the ring has it.
package link

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// Purpose is what a link is for. A token of one purpose is none of another.
type Purpose byte

// The purposes. Values are part of every link in somebody's mailbox.
const (
	Invitation    Purpose = 'i' // the visitor's own link to their visit: see, extend, check out
	Extend        Purpose = 'e' // visitor: see, extend
	ExtendByHost  Purpose = 'h' // host: see, extend
	CheckOut      Purpose = 'o' // visitor: see, check out
	PasswordReset Purpose = 'p' // staff; the object is a user
	Account       Purpose = 'a' // staff who have never had a password; the object is a user

	// Of these the object is a registration at a portal.
	RegistrationGuest   Purpose = 'w' // the page on which the guest waits
	RegistrationDevice  Purpose = 'm' // the same, for who only claims to be the device
	RegistrationProof   Purpose = 'c' // in a guest's mail: prove the address
	RegistrationSponsor Purpose = 's' // in a sponsor's mail: decide

	VisitLogin Purpose = 'l' // stands for a visit's password once, at a portal; the object is a voucher
)

const (
	version  = 1
	macSize  = 16
	headSize = 1 + 1 + 5 + 16
	size     = headSize + macSize
	// Length is how long a token is.
	Length = size * 8 / 6
	// purpose of the MAC's key.
	keyPurpose = "link/v1"
)

// Refusals. They do not say what is wrong with a token.
var (
	ErrInvalid = visit.Errorf(visit.KindNotFound, "link_invalid", "This link is not valid.")
	ErrExpired = visit.Errorf(visit.KindGone, "link_expired", "This link has expired.")
)

// Link is what a token says.
type Link struct {
	Purpose   Purpose
	Object    string    // a UUID
	ExpiresAt time.Time // to the second
}

// Visit is the object of a link to a visit.
func (l Link) Visit() visit.VisitID { return visit.VisitID(l.Object) }

// encoding refuses texts with stray bits or line breaks: one token, one spelling.
var encoding = base64.RawURLEncoding.Strict()

// Sign returns the token. It fails when the object is no UUID or the expiry has
// no place in a token.
func Sign(keys *seal.Keyring, l Link) (string, error) {
	id, err := uuid.Parse(l.Object)
	if err != nil {
		return "", visit.Errorf(visit.KindInternal, "link_object", "What is linked to has no id.")
	}
	at := l.ExpiresAt.Unix()
	if at < 0 || at >= 1<<40 {
		return "", visit.Errorf(visit.KindInternal, "link_expiry", "A link cannot expire at this instant.")
	}
	token := make([]byte, 0, size)
	token = append(token, version, byte(l.Purpose))
	token = append(token, binary.BigEndian.AppendUint64(nil, uint64(at))[3:]...)
	token = append(token, id[:]...)
	token = append(token, keys.MAC(keyPurpose, token)[:macSize]...)
	return encoding.EncodeToString(token), nil
}

// Parse reads a token that must be for one of the purposes. It returns ErrInvalid,
// and ErrExpired with what the token said once now is not before its expiry.
func Parse(keys *seal.Keyring, token string, now time.Time, purposes ...Purpose) (Link, error) {
	if len(token) != Length {
		return Link{}, ErrInvalid
	}
	raw, err := encoding.DecodeString(token)
	if err != nil || len(raw) != size || !authentic(keys, raw) {
		return Link{}, ErrInvalid
	}
	l := Link{
		Purpose:   Purpose(raw[1]),
		Object:    uuid.UUID(raw[7:headSize]).String(),
		ExpiresAt: time.Unix(int64(binary.BigEndian.Uint64(append([]byte{0, 0, 0}, raw[2:7]...))), 0).UTC(),
	}
	switch {
	case raw[0] != version || !slices.Contains(purposes, l.Purpose):
		return Link{}, ErrInvalid
	case !now.Before(l.ExpiresAt):
		return l, ErrExpired
	}
	return l, nil
}

// authentic compares with every key in the same time, whichever fits.
func authentic(keys *seal.Keyring, raw []byte) bool {
	ok := false
	for _, mac := range keys.MACs(keyPurpose, raw[:headSize]) {
		ok = hmac.Equal(mac[:macSize], raw[headSize:]) || ok
	}
	return ok
}

// How long links to set a password are good. Who forgot one waits for the mail; who
// is new may be away.
const (
	ResetFor   = 30 * time.Minute
	AccountFor = 72 * time.Hour
)

// Reset is the link by which a user sets a password, asked for at an instant.
func Reset(user string, asked time.Time) Link {
	return toPassword(PasswordReset, user, asked, ResetFor)
}

// Welcome is the link by which somebody new sets their first password.
func Welcome(user string, invited time.Time) Link {
	return toPassword(Account, user, invited, AccountFor)
}

func toPassword(purpose Purpose, user string, at time.Time, good time.Duration) Link {
	// A second later than asked: an account made in the same moment is older than it.
	return Link{Purpose: purpose, Object: user, ExpiresAt: at.Truncate(time.Second).Add(time.Second + good)}
}

// MadeAt is when a link of Reset or Welcome was made. It is void once the user's
// password or address has changed after that.
func (l Link) MadeAt() time.Time {
	if l.Purpose == Account {
		return l.ExpiresAt.Add(-AccountFor)
	}
	return l.ExpiresAt.Add(-ResetFor)
}

// RegisteredFor is how long links to a registration are links to it. Whether they still
// do anything is the registration's to say, much sooner.
const RegisteredFor = 72 * time.Hour

// Registered is a link to a registration that was begun at an instant.
func Registered(purpose Purpose, id string, begun time.Time) Link {
	return Link{Purpose: purpose, Object: id, ExpiresAt: begun.Truncate(time.Second).Add(RegisteredFor)}
}
