package radius

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/visit"
)

// maxPassword is User-Password's greatest length (RFC 2865 5.2).
const maxPassword = 128

// provesPAP reports whether the request's User-Password, which RFC 2865 5.2 hides
// with the secret, is password as a guest may spell it. It leaves in r whether what
// came out is no text at all: then the two secrets probably differ.
func (r *request) provesPAP(password string) bool {
	hidden := r.userPassword
	if len(hidden) < md5.Size || len(hidden) > maxPassword || len(hidden)%md5.Size != 0 {
		return false
	}
	clearText := append(r.plain[:0], hidden...)
	defer clear(clearText)
	r.hash.xorKeystream(clearText, r.packet.authenticator(), r.nas.Secret, false)
	given := bytes.TrimRight(clearText, "\x00")
	r.garbled = !utf8.Valid(given) || bytes.ContainsFunc(given, unicode.IsControl)
	return samePassword(given, password)
}

// samePassword compares as visit.NormalizePassword demands. What was copied or
// scanned is right as it stands and costs no allocation.
func samePassword(given []byte, password string) bool {
	if subtle.ConstantTimeCompare(given, []byte(password)) == 1 {
		return true
	}
	want := visit.NormalizePassword(password)
	got := visit.NormalizePassword(string(given))
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}
