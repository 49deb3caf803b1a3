package crm

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// fixed is a token that somebody made by hand.
type fixed string

func (f fixed) token(context.Context) (string, error) { return string(f), nil }
func (f fixed) renew(string) bool                     { return false }

// withBearer is how most vendors take a token.
func withBearer(r *http.Request, token string) { r.Header.Set("Authorization", "Bearer "+token) }

// grant turns client credentials into tokens (RFC 6749 4.4) and keeps the one that
// is good. Who comes while it is being fetched waits for it.
type grant struct {
	http *http.Client
	url  string
	form url.Values
	now  func() time.Time

	lock    chan struct{} // of one: guards what follows, and waiting for it ends with the context
	current string
	expires time.Time // zero: not known
}

func newGrant(account visit.CRMAccount, o Options, scope string) *grant {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {account.Credentials.ClientID}, "client_secret": {account.Credentials.ClientSecret},
	}
	if scope != "" {
		form.Set("scope", scope)
	}
	return &grant{http: o.HTTP, url: account.Settings.TokenURL, form: form, now: o.Now, lock: make(chan struct{}, 1)}
}

func (g *grant) token(ctx context.Context) (string, error) {
	select {
	case g.lock <- struct{}{}:
		defer func() { <-g.lock }()
	case <-ctx.Done():
		return "", visit.Unavailable("The CRM", ctx.Err())
	}
	if g.current != "" && (g.expires.IsZero() || g.now().Before(g.expires)) {
		return g.current, nil
	}
	var err error
	g.current, g.expires, err = g.fetch(ctx)
	return g.current, err
}

func (g *grant) renew(token string) bool {
	g.lock <- struct{}{} // held for one call at most
	defer func() { <-g.lock }()
	if g.current == token {
		g.current = ""
	}
	return true
}

// early is how long before its end a token is no longer used.
const early = time.Minute

func (g *grant) fetch(ctx context.Context) (string, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, strings.NewReader(g.form.Encode()))
	if err != nil {
		return "", time.Time{}, visit.Invalid("settings.token_url", "This is not a URL that can be called.")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	a, err := exchange(g.http, r)
	if err != nil {
		return "", time.Time{}, err
	}
	if !a.ok() {
		return "", time.Time{}, g.refusal(a)
	}
	var made struct {
		Token     string `json:"access_token"`
		ExpiresIn int    `json:"expires_in"`
	}
	if a.into(&made) != nil || made.Token == "" {
		return "", time.Time{}, errUnreadable
	}
	if made.ExpiresIn <= 0 {
		return made.Token, time.Time{}, nil // Salesforce does not say
	}
	return made.Token, g.now().Add(max(time.Duration(made.ExpiresIn)*time.Second-early, early/2)), nil
}

// refusal: whoever does not know the client answers 400 or 401 (RFC 6749 5.2).
func (g *grant) refusal(a answer) *visit.Error {
	if a.status == http.StatusBadRequest {
		return errUnauthorized
	}
	return byStatus(a)
}
