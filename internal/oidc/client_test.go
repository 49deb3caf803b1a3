package oidc_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/oidc"
	"github.com/foyerhq/foyer/internal/oidc/oidctest"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	redirectURL = "https://foyer.example/api/v1/oidc/callback"
	siteA       = "01890a5d-ac96-774b-bcce-b302099a8057"
	siteB       = "01890a5d-ac96-774b-bcce-b302099a8058"
)

func setup(t *testing.T, options ...func(*oidc.Config)) (*oidctest.Provider, *oidc.Client) {
	t.Helper()
	provider := oidctest.New(t, redirectURL, time.Now)
	ring, err := seal.Parse("c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ=")
	require.NoError(t, err)
	config := oidc.Config{
		Issuer: provider.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, RedirectURL: redirectURL, Keys: ring,
	}
	for _, option := range options {
		option(&config)
	}
	return provider, oidc.New(config)
}

// signOn is one person's way there and back. alter changes what the browser brings.
func signOn(t *testing.T, p *oidctest.Provider, c *oidc.Client, alter ...func(kept *string, back url.Values)) (oidc.Person, error) {
	t.Helper()
	to, kept, err := c.Begin(t.Context())
	require.NoError(t, err)
	query := p.Visit(to).Query()
	for _, f := range alter {
		f(&kept, query)
	}
	return c.Finish(t.Context(), kept, query.Get("code"), query.Get("state"))
}

func TestSignOn(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	who, err := signOn(t, p, c)
	require.NoError(t, err)
	require.Equal(t, oidc.Person{Issuer: p.Issuer, Subject: "subject-1", Email: "ada@example.org", Name: "Ada Quill"}, who)
	require.Equal(t, strings.TrimPrefix(p.Issuer, "http://"), c.Name())
	p.Rotate()
	_, err = signOn(t, p, c)
	require.NoError(t, err, "the key set is fetched again when a key is unknown")
}

func TestAProviderThatWantsTheSecretInTheBody(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	p.Behave(oidctest.Manners{Post: true})
	_, err := signOn(t, p, c)
	require.NoError(t, err)
}

// Whatever is wrong with an ID token, nobody is signed in by it.
func TestBadTokensAreRefused(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	for name, manners := range map[string]oidctest.Manners{
		"another's nonce":    {Nonce: "another"},
		"for another client": {Audience: "another"},
		"of another issuer":  {Issuer: "https://issuer.example"},
		"expired":            {Expired: true},
		"unsigned":           {Algorithm: "none"},
		"signed with secret": {Algorithm: "HS256"},
		"a foreign key":      {ForeignKey: true},
		"missing":            {NoIDToken: true},
		"code refused":       {TokenCode: http.StatusBadRequest},
	} {
		p.Behave(manners)
		_, err := signOn(t, p, c)
		require.ErrorIs(t, err, oidc.ErrRefused, name)
		require.NotContains(t, errors.Unwrap(err).Error(), "canary", name)
		p.Behave(oidctest.Manners{})
		_, err = signOn(t, p, c)
		require.NoError(t, err, "the control")
	}
}

func TestAProviderInTroubleIsUnavailable(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	p.Behave(oidctest.Manners{Down: true})
	_, _, err := c.Begin(t.Context())
	require.Equal(t, visit.KindUnavailable, visit.KindOf(err), "not yet known")
	p.Behave(oidctest.Manners{})
	_, err = signOn(t, p, c)
	require.NoError(t, err, "and found later")
	for _, manners := range []oidctest.Manners{{TokenCode: http.StatusBadGateway}, {Endless: true}} {
		p.Behave(manners)
		_, err = signOn(t, p, c)
		require.Equal(t, visit.KindUnavailable, visit.KindOf(err))
	}
}

// What the browser brings back must be what it was given, once, in time.
func TestTheWayBackIsTheBrowsersOwn(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p, c := setup(t, func(c *oidc.Config) { c.Now = func() time.Time { return now } })
	_, others, err := c.Begin(t.Context())
	require.NoError(t, err)
	for name, alter := range map[string]func(*string, url.Values){
		"no cookie":           func(kept *string, _ url.Values) { *kept = "" },
		"nonsense":            func(kept *string, _ url.Values) { *kept = "AAAA" },
		"another's cookie":    func(kept *string, _ url.Values) { *kept = others },
		"an altered cookie":   func(kept *string, _ url.Values) { *kept = "A" + (*kept)[1:len(*kept)-1] + "A" },
		"another state":       func(_ *string, back url.Values) { back.Set("state", "x") },
		"no state":            func(_ *string, back url.Values) { back.Del("state") },
		"somebody's old code": func(_ *string, back url.Values) { back.Set("code", "x") },
	} {
		_, err := signOn(t, p, c, alter)
		require.Equal(t, visit.KindUnauthenticated, visit.KindOf(err), name)
	}
	_, err = signOn(t, p, c, func(*string, url.Values) { now = now.Add(10 * time.Minute) })
	require.ErrorIs(t, err, oidc.ErrExpired, "too late")
	now = now.Add(-10 * time.Minute)
	var keptOnce, codeOnce, stateOnce string
	_, err = signOn(t, p, c, func(kept *string, back url.Values) {
		keptOnce, codeOnce, stateOnce = *kept, back.Get("code"), back.Get("state")
	})
	require.NoError(t, err)
	_, err = c.Finish(t.Context(), keptOnce, codeOnce, stateOnce)
	require.ErrorIs(t, err, oidc.ErrRefused, "a code works once")
	require.NotContains(t, keptOnce, stateOnce)
}

func TestAnUnverifiedAddressIsNone(t *testing.T) {
	t.Parallel()
	p, c := setup(t)
	for name, claims := range map[string]map[string]any{
		"unverified": {"sub": "s", "email": "ada@example.org", "email_verified": false},
		"unsaid":     {"sub": "s", "email": "ada@example.org"},
		"no address": {"sub": "s", "email": "ada", "email_verified": true},
	} {
		p.Person(claims)
		who, err := signOn(t, p, c)
		require.NoError(t, err, name)
		require.Empty(t, who.Email, name)
	}
	p.Person(map[string]any{"sub": "s", "email": "ada@example.org", "email_verified": "perhaps"})
	_, err := signOn(t, p, c)
	require.ErrorIs(t, err, oidc.ErrRefused)
	p.Person(map[string]any{"email": "ada@example.org", "email_verified": true})
	_, err = signOn(t, p, c)
	require.ErrorIs(t, err, oidc.ErrRefused, "nobody")
}

func TestRightsFollowTheClaim(t *testing.T) {
	t.Parallel()
	var rights []oidc.Right
	for _, text := range []string{"admins=administrator", "a=b=reception@" + siteA, "paris=reception@" + siteB, "staff=host"} {
		right, err := oidc.ParseRight(text)
		require.NoError(t, err)
		rights = append(rights, right)
	}
	p, c := setup(t, func(c *oidc.Config) { c.RoleClaim, c.Rights, c.Provision = "groups", rights, true })
	for _, of := range []struct {
		groups any
		role   auth.Role
		sites  auth.Sites
	}{
		{[]string{"staff", "admins"}, auth.Administrator, auth.AllSites()},
		{[]string{"paris", "a=b"}, auth.Reception, auth.TheseSites(siteA, siteB)},
		{[]string{"staff", "paris"}, auth.Reception, auth.TheseSites(siteB)},
		{"staff", auth.Host, auth.AllSites()},
	} {
		p.Person(map[string]any{"sub": "s", "email": "ada@example.org", "email_verified": true, "groups": of.groups})
		who, err := signOn(t, p, c)
		require.NoError(t, err)
		require.Equal(t, of.role, who.Role)
		require.Equal(t, of.sites, who.Sites)
		require.True(t, who.Provision)
	}
	for _, groups := range []any{nil, []string{}, "Staff", 7, []any{1}} {
		p.Person(map[string]any{"sub": "s", "groups": groups})
		_, err := signOn(t, p, c)
		require.ErrorIs(t, err, oidc.ErrNoRights)
	}
}

func TestRightsAreChecked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", "=host", "x=root", "x=kiosk", "x=host@", "x=host@berlin", "x=host@" + siteA + "+"} {
		_, err := oidc.ParseRight(text)
		require.Error(t, err, text)
	}
}
