package app

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/oidc"
	"github.com/foyerhq/foyer/internal/seal"
)

// SignIn is how staff sign in.
type SignIn struct {
	LocalLogin       string   `help:"Who may sign in with a password of ours: everyone, or administrators where all others sign in at the provider." enum:"everyone,administrators" default:"everyone" env:"FOYER_LOCAL_LOGIN"`
	OIDCIssuer       string   `name:"oidc-issuer" help:"OpenID Connect issuer that staff sign in at; empty for none." env:"FOYER_OIDC_ISSUER"`
	OIDCClientID     string   `name:"oidc-client-id" help:"Our client id there." env:"FOYER_OIDC_CLIENT_ID"`
	OIDCClientSecret string   `name:"oidc-client-secret" help:"Our client secret there; none for a public client." env:"FOYER_OIDC_CLIENT_SECRET" secret:""`
	OIDCName         string   `name:"oidc-name" help:"What the button is called; the issuer's host when empty." env:"FOYER_OIDC_NAME"`
	OIDCScopes       []string `name:"oidc-scopes" help:"Scopes to ask for beside openid, profile and email." env:"FOYER_OIDC_SCOPES"`
	OIDCRoleClaim    string   `name:"oidc-role-claim" help:"Claim of the ID token that says what somebody may do; empty: users keep what they were given." env:"FOYER_OIDC_ROLE_CLAIM"`
	OIDCRoles        []string `name:"oidc-roles" help:"What its values mean: value=role for all sites, value=role@site+site for some; the first that fits." env:"FOYER_OIDC_ROLES"`
	OIDCProvision    bool     `name:"oidc-auto-provision" help:"Make users of people whom the claim gives a role." env:"FOYER_OIDC_AUTO_PROVISION"`
}

// provider returns nil where nobody signs in elsewhere.
func (s SignIn) provider(public Public, ring *seal.Keyring) (api.SignOn, error) {
	if s.OIDCIssuer == "" {
		if s.LocalLogin == string(api.LocalAdministrators) {
			return nil, errors.New("--local-login=administrators leaves others no way in without --oidc-issuer")
		}
		return nil, nil //nolint:nilnil // there is none, which is fine
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	config := oidc.Config{
		Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCClientSecret, Label: s.OIDCName, Scopes: s.OIDCScopes,
		RedirectURL: strings.TrimSuffix(public.PublicURL, "/") + "/api/v1/oidc/callback",
		RoleClaim:   s.OIDCRoleClaim, Provision: s.OIDCProvision, Keys: ring, Now: time.Now,
	}
	for _, text := range s.OIDCRoles {
		right, err := oidc.ParseRight(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("--oidc-roles: %w", err)
		}
		config.Rights = append(config.Rights, right)
	}
	return oidc.New(config), nil
}

func (s SignIn) check() error {
	issuer, err := url.Parse(s.OIDCIssuer)
	switch {
	case err != nil || issuer.Host == "" || issuer.Scheme != "https" && (issuer.Scheme != "http" || !loopback(issuer.Host)):
		return errors.New("--oidc-issuer is an https URL")
	case s.OIDCClientID == "":
		return errors.New("--oidc-issuer needs --oidc-client-id")
	case (s.OIDCRoleClaim == "") != (len(s.OIDCRoles) == 0):
		return errors.New("--oidc-role-claim and --oidc-roles need each other")
	case s.OIDCProvision && s.OIDCRoleClaim == "":
		return errors.New("--oidc-auto-provision needs --oidc-role-claim: it says what new people may do")
	}
	return nil
}
