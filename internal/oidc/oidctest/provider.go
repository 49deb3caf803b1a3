// Package oidctest is an OpenID Connect provider for tests: a real one as far as a
// client can tell, strict about what the specifications demand of clients, and with
// bad manners on demand. It shares no code with what verifies its tokens.
package oidctest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The client that the provider knows.
const (
	ClientID     = "foyer"
	ClientSecret = "canary-client-secret"
)

// Manners are what is wrong with the provider. The zero value is a good one.
type Manners struct {
	Nonce      string // instead of the client's
	Audience   string
	Issuer     string
	Expired    bool
	Algorithm  string // "none", or "HS256" signed with the client's secret
	ForeignKey bool   // signed by another key under the published one's name
	NoIDToken  bool
	TokenCode  int  // status of the token endpoint; zero: 200
	Endless    bool // the token endpoint's answer never ends
	Down       bool // nothing answers
	Post       bool // wants the client's secret in the body
}

// Provider is a provider with one person at its keyboard.
type Provider struct {
	Issuer      string
	RedirectURL string // the only one it sends browsers to

	t   testing.TB
	now func() time.Time

	mu      sync.Mutex // guards all below
	manners Manners
	claims  map[string]any
	key     *rsa.PrivateKey
	keyID   string
	codes   map[string]url.Values // what was asked for, by code
}

// New starts a provider, which ends with the test.
func New(t testing.TB, redirectURL string, now func() time.Time) *Provider {
	t.Helper()
	p := &Provider{RedirectURL: redirectURL, t: t, now: now, codes: map[string]url.Values{}}
	p.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.mannered().Down {
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.Issuer = server.URL
	p.Person(map[string]any{"sub": "subject-1", "email": "ada@example.org", "email_verified": true, "name": "Ada Quill"})
	return p
}

// Behave sets the provider's manners.
func (p *Provider) Behave(m Manners) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.manners = m
}

func (p *Provider) mannered() Manners {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.manners
}

// Person sets who signs in: claims of the ID token.
func (p *Provider) Person(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = claims
}

// Rotate replaces the signing key.
func (p *Provider) Rotate() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(p.t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.keyID = key, rand.Text()
}

// Visit does what a browser does that is sent to the provider, and whose person
// signs in there: it returns the address that it is sent back to.
func (p *Provider) Visit(to string) *url.URL {
	p.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, to, nil)
	require.NoError(p.t, err)
	response, err := browser.Do(request)
	require.NoError(p.t, err)
	require.NoError(p.t, response.Body.Close())
	require.Equal(p.t, http.StatusFound, response.StatusCode, "the provider refuses the request")
	back, err := response.Location()
	require.NoError(p.t, err)
	return back
}

func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	methods := []string{"client_secret_basic", "client_secret_post"}
	if p.mannered().Post {
		methods = methods[1:]
	}
	write(w, map[string]any{
		"token_endpoint_auth_methods_supported": methods,
		"issuer":                                p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token", "jwks_uri": p.Issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, // boastful
		"code_challenge_methods_supported":      []string{"S256"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	public, id := p.key.PublicKey, p.keyID
	p.mu.Unlock()
	write(w, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": id,
		"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
	}}})
}

// authorize is the authorization endpoint (RFC 6749 section 4.1.1). It wants PKCE by
// S256 (RFC 7636), state and nonce, and the registered address to go back to.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	good := q.Get("response_type") == "code" && q.Get("client_id") == ClientID && q.Get("redirect_uri") == p.RedirectURL &&
		q.Get("code_challenge_method") == "S256" && len(q.Get("code_challenge")) == 43 &&
		len(q.Get("state")) >= 16 && len(q.Get("nonce")) >= 16 && strings.Contains(" "+q.Get("scope")+" ", " openid ")
	if !good {
		http.Error(w, "invalid_request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	back := p.RedirectURL + "?" + url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.Issuer}, "session_state": {"x"}}.Encode()
	http.Redirect(w, r, back, http.StatusFound)
}

// token is the token endpoint. A code works once, for the client and verifier that
// it was made for.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if p.mannered().Post {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	manners := p.manners
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != ClientID || secret != ClientSecret:
		fail(w, http.StatusUnauthorized, "invalid_client")
	case !known || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != p.RedirectURL,
		len(r.PostFormValue("code_verifier")) < 43, encode(challenge[:]) != asked.Get("code_challenge"):
		fail(w, http.StatusBadRequest, "invalid_grant")
	case manners.TokenCode != 0:
		fail(w, manners.TokenCode, "canary-of-the-provider")
	case manners.Endless:
		for _, err := w.Write([]byte("{\"x\":\"")); err == nil; {
			_, err = w.Write([]byte(strings.Repeat("x", 64<<10)))
		}
	default:
		answer := map[string]any{"access_token": "canary-access", "token_type": "Bearer", "expires_in": 300, "id_token": p.idToken(asked, manners)}
		if manners.NoIDToken {
			delete(answer, "id_token")
		}
		write(w, answer)
	}
}

func (p *Provider) idToken(asked url.Values, m Manners) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	claims := map[string]any{
		"iss": p.Issuer, "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, p.claims)
	for name, value := range map[string]string{"nonce": m.Nonce, "aud": m.Audience, "iss": m.Issuer} {
		if value != "" {
			claims[name] = value
		}
	}
	if m.Expired {
		claims["exp"] = now.Add(-time.Minute).Unix()
	}
	header := map[string]any{"alg": "RS256", "kid": p.keyID, "typ": "JWT"}
	if m.Algorithm != "" {
		header["alg"] = m.Algorithm
	}
	signed := encode(marshal(header)) + "." + encode(marshal(claims))
	return signed + "." + encode(p.sign(signed, m))
}

func (p *Provider) sign(text string, m Manners) []byte {
	switch m.Algorithm {
	case "none":
		return nil
	case "HS256":
		mac := hmac.New(sha256.New, []byte(ClientSecret))
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
	key := p.key
	if m.ForeignKey {
		foreign, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(p.t, err)
		key = foreign
	}
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	require.NoError(p.t, err)
	return signature
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func marshal(v any) []byte {
	text, _ := json.Marshal(v) // maps of texts, numbers and booleans
	return text
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(marshal(v))
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(marshal(map[string]string{"error": code}))
}
