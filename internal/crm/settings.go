package crm

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

var errKind = visit.Invalid("kind", "One of hubspot, salesforce, dynamics, pipedrive.")

// tokenCredentials are the vendors whose accounts have a token; the others have
// client credentials.
var tokenCredentials = []visit.CRMKind{visit.HubSpot, visit.Pipedrive}

// names are what may stand in a path or a query of ours.
var names = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$|^[0-9a-f]{40}$`)

var versions = map[visit.CRMKind]*regexp.Regexp{
	visit.Salesforce: regexp.MustCompile(`^v(4[6-9]|[5-9][0-9])\.0$`), // since 46 an upsert answers with the id
	visit.Dynamics:   regexp.MustCompile(`^v9\.[0-9]$`),
}

// Validate checks an account as somebody entered it: https, unless the host is an
// address that is allowed. It returns KindInvalid errors that name a setting.
func Validate(account visit.CRMAccount, allow []netip.Prefix) error {
	s, c := withDefaults(account), account.Credentials
	switch {
	case !slices.Contains(visit.CRMKinds(), account.Kind):
		return errKind
	case s.BaseURL == "":
		return visit.Invalid("settings.base_url", "Where the account is, such as https://example.my.salesforce.com.")
	case account.Kind == visit.Dynamics && !regexp.MustCompile(`^[A-Za-z0-9.-]{1,100}$`).MatchString(s.Tenant):
		return visit.Invalid("settings.tenant", "The directory (tenant) id of Microsoft Entra.")
	case !names.MatchString(or(s.VisitField, "x")):
		return visit.Invalid("settings.visit_field", "This is not the name of a field.")
	case !names.MatchString(or(s.VisitorField, "x")):
		return visit.Invalid("settings.visitor_field", "This is not the name of a field.")
	case slices.Contains(tokenCredentials, account.Kind) && c.Token == "":
		return visit.Invalid("credentials.token", "This CRM needs a token.")
	case !slices.Contains(tokenCredentials, account.Kind) && (c.ClientID == "" || c.ClientSecret == ""):
		return visit.Invalid("credentials.client_id", "This CRM needs a client id and a client secret.")
	case strings.ContainsAny(c.Token, " \t\r\n"):
		return visit.Invalid("credentials.token", "A token is one word.")
	}
	if pattern, ok := versions[account.Kind]; ok && !pattern.MatchString(s.Version) {
		return visit.Invalid("settings.version", "This version of the interface is not supported.")
	}
	for _, at := range []struct{ field, text string }{{"settings.base_url", s.BaseURL}, {"settings.token_url", s.TokenURL}} {
		if at.text != "" && !secure(at.text, allow) {
			return visit.Invalid(at.field, "This is not an https:// URL.")
		}
	}
	return nil
}

// secure reports whether credentials may be sent to a URL.
func secure(text string, allow []netip.Prefix) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil &&
		slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(address.Unmap()) })
}

// withDefaults fills what an account leaves to the vendor.
func withDefaults(account visit.CRMAccount) visit.CRMSettings {
	s := account.Settings
	s.BaseURL, s.TokenURL = strings.TrimRight(s.BaseURL, "/"), strings.TrimRight(s.TokenURL, "/")
	switch account.Kind {
	case visit.HubSpot:
		s.BaseURL = or(s.BaseURL, "https://api.hubapi.com")
		s.VisitField = or(s.VisitField, "visit_id")
	case visit.Salesforce:
		s.TokenURL = or(s.TokenURL, s.BaseURL+"/services/oauth2/token")
		s.Version = or(s.Version, "v62.0")
		s.VisitField, s.VisitorField = or(s.VisitField, "Visit_Id__c"), or(s.VisitorField, "Visitor_Id__c")
	case visit.Dynamics:
		s.TokenURL = or(s.TokenURL, "https://login.microsoftonline.com/"+s.Tenant+"/oauth2/v2.0/token")
		s.Version = or(s.Version, "v9.2")
	case visit.Pipedrive:
	}
	return s
}
