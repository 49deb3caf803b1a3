package oidc

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	upstream "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// ReturnWithin is how long somebody may take at the provider.
const ReturnWithin = 10 * time.Minute

const (
	askWithin = 10 * time.Second // one exchange with the provider
	place     = "oidc-return/v1"
)

// Refusals. What exactly was wrong with a token is logged, not told.
var (
	ErrRefused  = visit.Errorf(visit.KindUnauthenticated, "oidc_refused", "Signing in at your organisation did not succeed. Try again.")
	ErrExpired  = visit.Errorf(visit.KindUnauthenticated, "oidc_expired", "That took too long, or came from another browser. Try again.")
	ErrNoRights = visit.Errorf(visit.KindForbidden, "oidc_no_role", "You are signed in, but nothing here is open to you. Ask an administrator.")
)

// Config is how to reach a provider. Issuer, ClientID, RedirectURL and Keys are
// required.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string
	Label        string   // what the button is called; empty: the issuer's host
	Scopes       []string // beside openid, profile and email
	RoleClaim    string   // of the ID token; empty: users keep what they were given
	Rights       []Right  // what its values mean, the first that fits
	Provision    bool     // make users of who has rights
	Keys         *seal.Keyring
	HTTP         *http.Client     // nil: one with limits of time and size
	Now          func() time.Time // nil: time.Now
}

// Person is whom the provider has signed in.
type Person struct {
	Issuer, Subject string
	Email           string // verified; empty: none
	Name            string
	Role            auth.Role // empty: as it was
	Sites           auth.Sites
	Provision       bool
}

// Client signs people in. It is safe for concurrent use.
type Client struct {
	config   Config
	provider chan *upstream.Provider // one slot, which holds it or nil until it was found; who takes it puts it back
}

// New returns a client. The provider is asked for its description when somebody
// first signs in: a deployment starts also while the provider is down.
func New(config Config) *Client {
	if config.HTTP == nil {
		config.HTTP = limitedClient()
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	c := &Client{config: config, provider: make(chan *upstream.Provider, 1)}
	c.provider <- nil
	return c
}

// Name is what the button is called.
func (c *Client) Name() string {
	if c.config.Label != "" {
		return c.config.Label
	}
	return hostOf(c.config.Issuer)
}

// discovered returns the provider's description (OpenID Connect Discovery 1.0),
// fetched once. The key set follows rotations by itself.
func (c *Client) discovered(ctx context.Context) (*upstream.Provider, error) {
	var found *upstream.Provider
	select {
	case found = <-c.provider:
	case <-ctx.Done():
		return nil, visit.Unavailable("Your organisation's sign-in", ctx.Err())
	}
	defer func() { c.provider <- found }()
	if found != nil {
		return found, nil
	}
	// Keys are fetched later with this context, which must not end with the request;
	// the client has its own limit of time.
	asked, err := upstream.NewProvider(upstream.ClientContext(context.WithoutCancel(ctx), c.config.HTTP), c.config.Issuer)
	if err != nil {
		return nil, visit.Unavailable("Your organisation's sign-in", err)
	}
	found = asked
	return found, nil
}

func (c *Client) flow(p *upstream.Provider) *oauth2.Config {
	endpoint := p.Endpoint()
	endpoint.AuthStyle = c.authStyle(p)
	return &oauth2.Config{
		ClientID: c.config.ClientID, ClientSecret: c.config.ClientSecret, Endpoint: endpoint, RedirectURL: c.config.RedirectURL,
		Scopes: append([]string{upstream.ScopeOpenID, "profile", "email"}, c.config.Scopes...),
	}
}

// authStyle is how the client proves itself: as HTTP Basic unless the provider wants
// something else (OpenID Connect Discovery 1.0 section 3). Trying both, as the library
// would, shows a code twice, which a strict provider takes for theft.
func (c *Client) authStyle(p *upstream.Provider) oauth2.AuthStyle {
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if c.config.ClientSecret == "" ||
		p.Claims(&says) == nil && len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// memory is what a browser keeps while it is at the provider. Only we can read it.
type memory struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"`
	Until    time.Time `json:"u"`
}

// Begin returns where to send the browser, and what it must bring back as a cookie.
// It returns KindUnavailable when the provider does not answer.
func (c *Client) Begin(ctx context.Context) (to, kept string, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	provider, err := c.discovered(ctx)
	if err != nil {
		return "", "", err
	}
	m := memory{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: c.config.Now().Add(ReturnWithin)}
	text, err := json.Marshal(m)
	if err != nil {
		return "", "", err
	}
	sealed, err := c.config.Keys.Seal(text, place)
	if err != nil {
		return "", "", err
	}
	to = c.flow(provider).AuthCodeURL(m.State, upstream.Nonce(m.Nonce), oauth2.S256ChallengeOption(m.Verifier))
	return to, base64.RawURLEncoding.EncodeToString(sealed), nil
}

// remembered opens what the browser brought back.
func (c *Client) remembered(kept string) (memory, bool) {
	var m memory
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(kept)
	if err != nil {
		return m, false
	}
	text, err := c.config.Keys.Open(sealed, place)
	return m, err == nil && json.Unmarshal(text, &m) == nil && c.config.Now().Before(m.Until)
}

// Finish says who came back with a code. It returns ErrRefused, ErrExpired,
// ErrNoRights, and KindUnavailable when the provider does not answer.
func (c *Client) Finish(ctx context.Context, kept, code, state string) (Person, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	m, ok := c.remembered(kept)
	if !ok || !hmac.Equal([]byte(m.State), []byte(state)) {
		return Person{}, ErrExpired
	}
	provider, err := c.discovered(ctx)
	if err != nil {
		return Person{}, err
	}
	tokens, err := c.flow(provider).Exchange(upstream.ClientContext(ctx, c.config.HTTP), code, oauth2.VerifierOption(m.Verifier))
	if err != nil {
		return Person{}, exchangeFailed(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := provider.Verifier(&upstream.Config{ClientID: c.config.ClientID, SupportedSigningAlgs: signing, Now: c.config.Now}).Verify(ctx, raw)
	if err != nil {
		return Person{}, refusedFor(err)
	}
	if !hmac.Equal([]byte(token.Nonce), []byte(m.Nonce)) {
		return Person{}, refusedFor(errors.New("the nonce is another"))
	}
	return c.person(token)
}

// signing are the algorithms that a provider proves itself with: none with a shared
// secret, and not none.
var signing = []string{
	upstream.RS256, upstream.RS384, upstream.RS512, upstream.PS256, upstream.PS384, upstream.PS512,
	upstream.ES256, upstream.ES384, upstream.ES512, upstream.EdDSA,
}

// refusedFor is ErrRefused with a cause for the log. The library's errors quote no
// claims but issuer and audience.
func refusedFor(cause error) error {
	refused := *ErrRefused
	refused.Err = cause
	return &refused
}

// exchangeFailed tells a provider that refuses the code from one that is down. Its
// answer, which may quote anything, is dropped.
func exchangeFailed(err error) error {
	if answered, ok := errors.AsType[*oauth2.RetrieveError](err); ok && answered.Response.StatusCode < http.StatusInternalServerError {
		return refusedFor(errors.New("the provider refused the code: " + answered.Response.Status))
	}
	return visit.Unavailable("Your organisation's sign-in", errors.New("no answer to the code"))
}

func (c *Client) person(token *upstream.IDToken) (Person, error) {
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := token.Claims(&claims); err != nil {
		return Person{}, refusedFor(errors.New("the claims do not parse"))
	}
	if token.Subject == "" { // the library does not look
		return Person{}, refusedFor(errors.New("there is no subject"))
	}
	who := Person{Issuer: token.Issuer, Subject: token.Subject, Name: short(claims.Name), Provision: c.config.Provision}
	if claims.Verified && visit.MailAddress(claims.Email) {
		who.Email = claims.Email
	}
	if c.config.RoleClaim == "" {
		who.Provision = false
		return who, nil
	}
	values, err := c.values(token)
	if err != nil {
		return Person{}, err
	}
	var ok bool
	if who.Role, who.Sites, ok = rightsOf(c.config.Rights, values); !ok {
		return Person{}, ErrNoRights
	}
	return who, nil
}

// values are the claim's: a text or a list of texts.
func (c *Client) values(token *upstream.IDToken) ([]string, error) {
	var all map[string]json.RawMessage
	if err := token.Claims(&all); err != nil {
		return nil, refusedFor(errors.New("the claims do not parse"))
	}
	var list []string
	if json.Unmarshal(all[c.config.RoleClaim], &list) == nil {
		return list, nil
	}
	var one string
	if json.Unmarshal(all[c.config.RoleClaim], &one) == nil {
		return []string{one}, nil
	}
	return nil, nil
}

// short keeps a name within what a user's may be.
func short(name string) string {
	runes := []rune(name)
	return string(runes[:min(len(runes), 200)])
}
