package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks 1.0.0.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const signatureVersion = "v1," // HMAC-SHA256; v1a is ed25519

// Tolerance is how far a delivery's instant may be from the receiver's clock.
const Tolerance = 5 * time.Minute

// Why a delivery is not believed.
var (
	ErrHeaders   = errors.New("webhook: a header is missing or malformed")
	ErrTooOld    = errors.New("webhook: the timestamp is too far in the past")
	ErrTooNew    = errors.New("webhook: the timestamp is too far in the future")
	ErrSignature = errors.New("webhook: no signature is right")
)

// Sign sets the three headers on an attempt made at an instant, with a signature
// for each secret: during a rotation the current one and the old. id names the
// event, is the same on every attempt and holds no full stop.
func Sign(header http.Header, id string, at time.Time, body []byte, secrets ...Secret) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		sum := secret.sum(id, timestamp, body)
		signatures = append(signatures, signatureVersion+base64.StdEncoding.EncodeToString(sum))
	}
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, timestamp)
	header.Set(HeaderSignature, strings.Join(signatures, " "))
}

// Verify is the receiver's side: it returns nil if the delivery was made within
// Tolerance of now by somebody who knows one of the secrets. Whoever receives
// keeps the ids as well, for an event may come more than once.
func Verify(header http.Header, body []byte, now time.Time, secrets ...Secret) error {
	id, timestamp := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil || header.Get(HeaderSignature) == "" {
		return ErrHeaders
	}
	switch since := now.Sub(time.Unix(seconds, 0)); {
	case since > Tolerance:
		return ErrTooOld
	case since < -Tolerance:
		return ErrTooNew
	}
	for _, secret := range secrets {
		if secret.signed(header.Get(HeaderSignature), id, timestamp, body) {
			return nil
		}
	}
	return ErrSignature
}

// signed reports whether one of the signatures is this secret's. Those of other
// versions are passed over.
func (s Secret) signed(signatures, id, timestamp string, body []byte) bool {
	want := s.sum(id, timestamp, body)
	for signature := range strings.FieldsSeq(signatures) {
		encoded, ok := strings.CutPrefix(signature, signatureVersion)
		if !ok {
			continue
		}
		if got, err := base64.StdEncoding.DecodeString(encoded); err == nil && hmac.Equal(got, want) {
			return true
		}
	}
	return false
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	var key []byte
	if s.key != nil {
		key = *s.key
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
