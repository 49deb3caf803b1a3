package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// token is an enrolment token: where the hub is, the SHA-256 of its authority's
// public key, and the secret that stands for one agent of one site.
type token struct {
	URL    string `json:"url"`
	SPKI   []byte `json:"spki"`
	Secret string `json:"secret"`
}

// maxToken bounds what is parsed.
const maxToken = 4 << 10

// errToken deliberately quotes nothing: the token is a secret.
var errToken = errors.New("the enrolment token is not one; copy it as a whole")

func parseToken(text string) (t token, err error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(text) > maxToken || json.Unmarshal(raw, &t) != nil {
		return token{}, errToken
	}
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(t.SPKI) != sha256.Size || t.Secret == "" {
		return token{}, errToken
	}
	t.URL = strings.TrimRight(t.URL, "/")
	return t, nil
}

// mark recognises the token without giving it away.
func (t token) mark() []byte {
	sum := sha256.Sum256([]byte("foyer enrolment token\x00" + t.Secret))
	return sum[:]
}

func (t token) made(id *identity) bool { return id != nil && bytes.Equal(t.mark(), id.Token) }
