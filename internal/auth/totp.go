package auth

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // G505: RFC 6238's default, and the only one that all apps know
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// What authenticator apps assume when nobody tells them (RFC 6238 section 4).
const (
	totpSecret = 20 // octets, as long as the hash (RFC 4226 section 4)
	totpDigits = 6
	totpStep   = 30 * time.Second
	totpSkew   = 1 // steps that a clock may be off either way (RFC 6238 section 5.2)
)

// NewTOTP makes the secret of a second factor. It fails only when random does.
func NewTOTP(random io.Reader) ([]byte, error) {
	secret := make([]byte, totpSecret)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("auth: read randomness: %w", err)
	}
	return secret, nil
}

// TOTPText is the secret as people type it into an app.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPURI is the secret as apps scan it (Google Authenticator's key URI format).
func TOTPURI(secret []byte, issuer, account string) string {
	values := "secret=" + TOTPText(secret) + "&issuer=" + strings.ReplaceAll(url.QueryEscape(issuer), "+", "%20") // apps show a plus as it is
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + values
}

// TOTPStep returns the time step whose code this is, if it is that of now or next
// to it and later than used, the step of the last code that was accepted: a code
// works once. All that may fit are compared, in the same time each.
func TOTPStep(secret []byte, code string, now time.Time, used int64) (step int64, ok bool) {
	current := now.Unix() / int64(totpStep/time.Second)
	for at := current - totpSkew; at <= current+totpSkew; at++ {
		fits := subtle.ConstantTimeCompare([]byte(hotp(secret, at, totpDigits)), []byte(code)) == 1
		if fits && at > used {
			step, ok = at, true
		}
	}
	return step, ok
}

// TOTPCode is the code of now, for tests and for tools that sign in by themselves.
func TOTPCode(secret []byte, now time.Time) string {
	return hotp(secret, now.Unix()/int64(totpStep/time.Second), totpDigits)
}

// hotp is RFC 4226 section 5.3.
func hotp(secret []byte, counter int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%mod)
}
