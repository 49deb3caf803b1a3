package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/oidc"
	"github.com/foyerhq/foyer/internal/oidc/oidctest"
)

// withProvider is a deployment whose staff sign in at a provider.
func withProvider(t *testing.T, options ...func(*oidc.Config)) (*bench, *oidctest.Provider) {
	t.Helper()
	provider := oidctest.New(t, publicURL+"/api/v1/oidc/callback", time.Now)
	b := setup(t, func(c *api.Config) {
		config := oidc.Config{
			Issuer: provider.Issuer, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
			RedirectURL: provider.RedirectURL, Label: "Quill & Co", Keys: c.Links,
		}
		for _, option := range options {
			option(&config)
		}
		c.SignOn = oidc.New(config)
	})
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b, provider
}

// signOn goes there and back and returns what the browser has then, and where it is.
func (b *bench) signOn(t *testing.T, p *oidctest.Provider) (http.Header, *url.URL) {
	t.Helper()
	start := b.want(t, 302, call{path: "/api/v1/oidc/start"})
	back := p.Visit(start.header.Get("Location"))
	end := b.want(t, 302, call{path: "/api/v1/oidc/callback?" + back.RawQuery, header: sends(start)})
	to, err := url.Parse(end.header.Get("Location"))
	require.NoError(t, err)
	return sends(end), to
}

func (b *bench) signedOn(t *testing.T, p *oidctest.Provider) http.Header {
	t.Helper()
	who, to := b.signOn(t, p)
	require.Equal(t, publicURL+"/", to.String())
	return who
}

func (b *bench) notSignedOn(t *testing.T, p *oidctest.Provider, problem string) {
	t.Helper()
	who, to := b.signOn(t, p)
	require.Equal(t, publicURL+"/sign-in?problem="+problem, to.String())
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: who})
}

func TestSigningOnLinksByVerifiedAddress(t *testing.T) {
	t.Parallel()
	b, p := withProvider(t)
	require.Equal(t, "Quill & Co", b.want(t, 200, call{path: "/api/v1/login"}).field("sign_on"))
	email, id := b.user(t, auth.Reception, b.site)
	p.Person(map[string]any{"sub": "ada", "email": email, "email_verified": false})
	b.notSignedOn(t, p, "oidc_no_account")
	p.Person(map[string]any{"sub": "ada", "email": "nobody@example.org", "email_verified": true})
	b.notSignedOn(t, p, "oidc_no_account") // nobody is made here
	p.Person(map[string]any{"sub": "ada", "email": email, "email_verified": true})
	me := b.want(t, 200, call{path: "/api/v1/me", header: b.signedOn(t, p)})
	require.Equal(t, id, me.field("id"))
	require.Equal(t, true, me.field("sign_on"))
	p.Person(map[string]any{"sub": "ada"})
	who := b.signedOn(t, p) // linked: the subject is enough
	p.Person(map[string]any{"sub": "eve", "email": email, "email_verified": true})
	b.notSignedOn(t, p, "oidc_no_account") // another subject with the same address
	p.Person(map[string]any{"sub": "ada"})
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/users/" + id, as: b.admin})
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: who})
	b.notSignedOn(t, p, "oidc_no_account")
	p.Behave(oidctest.Manners{Nonce: "another"})
	b.notSignedOn(t, p, "oidc_refused")
}

func TestSigningOnWithRights(t *testing.T) {
	t.Parallel()
	b, p := withProvider(t, func(c *oidc.Config) {
		c.RoleClaim, c.Provision = "groups", true
		c.Rights = []oidc.Right{
			{Value: "bosses", Role: auth.Administrator, Sites: auth.AllSites()}, {Value: "desk", Role: auth.Reception, Sites: auth.AllSites()},
			{Value: "staff", Role: auth.Host, Sites: auth.AllSites()},
		}
	})
	person := func(groups ...string) {
		p.Person(map[string]any{"sub": "ada", "email": "ada@example.net", "email_verified": true, "name": "Ada", "groups": groups})
	}
	person("others")
	b.notSignedOn(t, p, "oidc_no_role")
	person("staff")
	host := b.signedOn(t, p)
	me := b.want(t, 200, call{path: "/api/v1/me", header: host})
	require.Equal(t, "host", me.field("role"))
	require.Equal(t, "Ada", me.field("name"))
	require.Equal(t, true, me.field("own_visits"))
	person("staff", "desk")
	desk := b.signedOn(t, p)
	require.Equal(t, "reception", b.want(t, 200, call{path: "/api/v1/me", header: desk}).field("role"))
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: host}) // another role: signed in anew
	b.signedOn(t, p)
	b.want(t, 200, call{path: "/api/v1/me", header: desk}) // the same role: nothing ends
	person("bosses")
	b.signedOn(t, p)
	person("staff")
	b.notSignedOn(t, p, "last_administrator")
	b.user(t, auth.Administrator)
	b.signedOn(t, p)
	b.refused(t, 401, "login_refused", signIn("ada@example.net", canaryPassword)) // no password here
}

// What the provider's page sends back must come with what the browser was given.
func TestSigningOnFromAnotherBrowser(t *testing.T) {
	t.Parallel()
	b, p := withProvider(t)
	start := b.want(t, 302, call{path: "/api/v1/oidc/start"})
	cookies := (&http.Response{Header: start.header}).Cookies()
	require.Len(t, cookies, 1)
	require.True(t, cookies[0].HttpOnly)
	require.True(t, cookies[0].Secure)
	require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
	require.Equal(t, "/api/v1/oidc", cookies[0].Path)
	require.Equal(t, 600, cookies[0].MaxAge)
	back := p.Visit(start.header.Get("Location"))
	for name, c := range map[string]call{
		"no cookie": {path: "/api/v1/oidc/callback?" + back.RawQuery},
		"no query":  {path: "/api/v1/oidc/callback", header: sends(start)},
	} {
		a := b.want(t, 302, c)
		require.Equal(t, publicURL+"/sign-in?problem=oidc_expired", a.header.Get("Location"), name)
	}
	a := b.want(t, 302, call{path: "/api/v1/oidc/callback?error=access_denied&error_description=canary", header: sends(start)})
	require.Equal(t, publicURL+"/sign-in?problem=oidc_refused", a.header.Get("Location"))
	p.Behave(oidctest.Manners{TokenCode: 500})
	b.notSignedOn(t, p, "unavailable")
	require.NotContains(t, b.log.String(), back.Query().Get("code"))
}

func TestNobodySignsOnWithoutAProvider(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.refused(t, 404, "oidc_off", call{path: "/api/v1/oidc/start"})
	b.refused(t, 404, "oidc_off", call{path: "/api/v1/oidc/callback"})
	require.Nil(t, b.want(t, 200, call{path: "/api/v1/login"}).field("sign_on"))
}
