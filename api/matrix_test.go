package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// operation is one call of the committed description.
type operation struct {
	method, path, permission string
	open                     bool // needs no credentials
}

func (o operation) String() string { return o.method + " " + o.path }

// own says that a call is about nobody but the caller, or the same for everybody.
func (o operation) own() bool {
	return o.path == "/api/v1/me" || strings.HasPrefix(o.path, "/api/v1/me/") || o.path == "/api/v1/roles"
}

// deployment says that a call is about what all sites share: everybody with the
// permission reads it, and who sees all sites changes it.
func (o operation) deployment() bool {
	return strings.HasPrefix(o.path, "/api/v1/profiles") || strings.HasPrefix(o.path, "/api/v1/templates")
}

func operations(t *testing.T) []operation {
	t.Helper()
	text, err := os.ReadFile("../docs/openapi.json")
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]struct {
			Permission string           `json:"x-permission"`
			Security   []map[string]any `json:"security"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	var list []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			list = append(list, operation{strings.ToUpper(method), path, op.Permission, len(op.Security) == 1 && len(op.Security[0]) == 0})
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// places holds, for every call of the description, a body that is good enough to
// get as far as the object. A call without an entry fails the test.
func places(b *bench, site visit.SiteID) map[string]any {
	registration := b.registration()
	registration["site_id"] = site
	departure := object{"expected_departure": b.Clock.Now().Add(3600e9)}
	nas := object{"name": "ap", "source": "10.9.0.0/16", "secret": canarySecret}
	none := any(nil)
	return map[string]any{
		"POST /api/v1/sites":                object{"name": "x", "timezone": "UTC"},
		"GET /api/v1/sites":                 none,
		"GET /api/v1/sites/{site}":          none,
		"PATCH /api/v1/sites/{site}":        object{"address": "here"},
		"POST /api/v1/sites/{site}/archive": none,
		"GET /api/v1/sites/{site}/mail":     none,
		"GET /api/v1/sites/{site}/rules":    none,
		"PUT /api/v1/sites/{site}/rules":    object{"texts": object{"en": "Be kind."}},

		"POST /api/v1/sites/{site}/zones":                              object{"name": "x"},
		"GET /api/v1/sites/{site}/zones":                               none,
		"POST /api/v1/sites/{site}/zones/keys":                         object{},
		"GET /api/v1/sites/{site}/zones/{zone}":                        none,
		"PATCH /api/v1/sites/{site}/zones/{zone}":                      object{"name": "y"},
		"DELETE /api/v1/sites/{site}/zones/{zone}":                     none,
		"POST /api/v1/sites/{site}/zones/{zone}/preview":               object{"delete": true},
		"POST /api/v1/sites/{site}/zones/{zone}/rolls":                 object{"number": 9, "count": 1, "seconds": 60},
		"GET /api/v1/sites/{site}/zones/{zone}/rolls":                  none,
		"GET /api/v1/sites/{site}/zones/{zone}/rolls/{roll}":           none,
		"PATCH /api/v1/sites/{site}/zones/{zone}/rolls/{roll}":         object{"description": "y"},
		"DELETE /api/v1/sites/{site}/zones/{zone}/rolls/{roll}":        none,
		"POST /api/v1/sites/{site}/zones/{zone}/rolls/{roll}/preview":  object{"delete": true},
		"GET /api/v1/sites/{site}/zones/{zone}/rolls/{roll}/codes":     none,
		"GET /api/v1/sites/{site}/zones/{zone}/rolls/{roll}/codes.csv": none,
		"POST /api/v1/sites/{site}/zones/{zone}/rolls/{roll}/sell":     object{},
		"POST /api/v1/sites/{site}/zones/{zone}/test":                  object{"codes": "abcde"},
		"POST /api/v1/sites/{site}/zones/{zone}/expire":                object{"codes": "abcde"},
		"POST /api/v1/sites/{site}/zones/{zone}/peers": object{
			"address": "peer.example", "port": 443, "remote_site_id": site, "user": site, "password": "canary-peer-password"},
		"GET /api/v1/sites/{site}/zones/{zone}/peers":                  none,
		"DELETE /api/v1/sites/{site}/zones/{zone}/peers/{peer}":        none,
		"POST /api/v1/sites/{site}/zones/{zone}/sync":                  object{},
		"GET /api/v1/sites/{site}/zones/{zone}/active":                 none,
		"PUT /api/v1/sites/{site}/mail":                                object{"sender_name": "x"},
		"POST /api/v1/sites/{site}/agents":                             object{"name": "x"},
		"GET /api/v1/sites/{site}/agents":                              none,
		"DELETE /api/v1/sites/{site}/agents/{agent}":                   none,
		"POST /api/v1/sites/{site}/agents/{agent}/release":             none,
		"POST /api/v1/sites/{site}/nases":                              nas,
		"GET /api/v1/sites/{site}/nases":                               none,
		"GET /api/v1/sites/{site}/nases/{nas}":                         none,
		"PATCH /api/v1/sites/{site}/nases/{nas}":                       object{"name": "y"},
		"DELETE /api/v1/sites/{site}/nases/{nas}":                      none,
		"POST /api/v1/sites/{site}/nases/{nas}/test":                   none,
		"GET /api/v1/sites/{site}/terminations":                        none,
		"GET /api/v1/sites/{site}/refused-logins":                      none,
		"GET /api/v1/sites/{site}/evacuation":                          none,
		"GET /api/v1/sites/{site}/evacuation.csv":                      none,
		"GET /api/v1/sites/{site}/evacuation/offline":                  none,
		"PUT /api/v1/sites/{site}/evacuation/offline":                  object{"enabled": false},
		"POST /api/v1/sites/{site}/roll-calls":                         object{"kind": "drill"},
		"GET /api/v1/sites/{site}/roll-calls":                          none,
		"GET /api/v1/sites/{site}/roll-calls/{rollcall}":               none,
		"GET /api/v1/sites/{site}/roll-calls/{rollcall}/report.csv":    none,
		"POST /api/v1/sites/{site}/roll-calls/{rollcall}/marks":        object{"marks": []object{{"mark_id": site, "visit_id": site, "mark": "safe"}}},
		"POST /api/v1/sites/{site}/roll-calls/{rollcall}/end":          none,
		"POST /api/v1/visits/batch":                                    object{"visits": []object{registration}},
		"POST /api/v1/visits/import":                                   "last_name\nx\n",
		"POST /api/v1/visits/check-in-batch":                           object{"ids": []any{site}},
		"POST /api/v1/visits/series":                                   b.seriesAt(site),
		"GET /api/v1/visits/series/{series}":                           none,
		"POST /api/v1/visits/series/{series}/cancel":                   none,
		"POST /api/v1/visits":                                          registration,
		"GET /api/v1/visits":                                           none,
		"GET /api/v1/visits/{id}":                                      none,
		"PATCH /api/v1/visits/{id}":                                    object{"purpose": "x"},
		"POST /api/v1/visits/{id}/check-in":                            none,
		"POST /api/v1/visits/{id}/check-out":                           none,
		"POST /api/v1/visits/{id}/cancel":                              none,
		"POST /api/v1/visits/{id}/extend":                              departure,
		"POST /api/v1/visits/{id}/confirm-left":                        none,
		"POST /api/v1/visits/{id}/readmit":                             none,
		"POST /api/v1/visits/{id}/terminate":                           none,
		"POST /api/v1/visits/{id}/voucher/reveal":                      none,
		"POST /api/v1/visits/{id}/sessions/{session}/disconnect":       none,
		"POST /api/v1/visits/{id}/voucher/reissue":                     none,
		"POST /api/v1/visits/{id}/voucher/mail":                        none,
		"GET /api/v1/sites/{site}/retention":                           none,
		"PUT /api/v1/sites/{site}/retention":                           object{"profile": "FR"},
		"GET /api/v1/people":                                           none,
		"GET /api/v1/people/{person}":                                  none,
		"PATCH /api/v1/people/{person}":                                object{"company": "x"},
		"GET /api/v1/people/{person}/export":                           none,
		"DELETE /api/v1/people/{person}":                               none,
		"GET /api/v1/erasures":                                         none,
		"GET /api/v1/erasures/{erasure}":                               none,
		"POST /api/v1/erasures/{erasure}/retry":                        none,
		"POST /api/v1/lawful-requests":                                 object{"ip": "10.0.0.1", "at": b.Clock.Now(), "reference": "x", "site_id": site},
		"GET /api/v1/lawful-requests":                                  none,
		"GET /api/v1/lawful-requests/{request}":                        none,
		"POST /api/v1/lawful-requests/{request}/approve":               none,
		"POST /api/v1/lawful-requests/{request}/deny":                  none,
		"GET /api/v1/events":                                           none,
		"GET /api/v1/audit":                                            none,
		"GET /api/v1/audit/verify":                                     none,
		"GET /api/v1/audit/export":                                     none,
		"GET /api/v1/visits/{id}/disclosures":                          none,
		"POST /api/v1/tokens":                                          object{"name": "x", "permissions": []string{"visits.read"}},
		"GET /api/v1/tokens":                                           none,
		"DELETE /api/v1/tokens/{token}":                                none,
		"POST /api/v1/webhooks":                                        object{"name": "x", "url": "https://example.org/", "sites": []any{site}},
		"GET /api/v1/webhooks":                                         none,
		"GET /api/v1/webhooks/{webhook}":                               none,
		"PATCH /api/v1/webhooks/{webhook}":                             object{"name": "y"},
		"DELETE /api/v1/webhooks/{webhook}":                            none,
		"POST /api/v1/webhooks/{webhook}/rotate":                       object{},
		"POST /api/v1/webhooks/{webhook}/test":                         none,
		"POST /api/v1/webhooks/{webhook}/replay":                       object{"since": b.Clock.Now()},
		"GET /api/v1/webhooks/{webhook}/deliveries":                    none,
		"GET /api/v1/webhooks/{webhook}/deliveries/{delivery}":         none,
		"POST /api/v1/webhooks/{webhook}/deliveries/{delivery}/replay": none,
		"POST /api/v1/crm/accounts":                                    object{"name": "x", "kind": "hubspot", "credentials": object{"token": canaryCRMToken}},
		"GET /api/v1/crm/accounts":                                     none,
		"GET /api/v1/crm/accounts/{account}":                           none,
		"PATCH /api/v1/crm/accounts/{account}":                         object{"name": "y"},
		"DELETE /api/v1/crm/accounts/{account}":                        none,
		"POST /api/v1/crm/accounts/{account}/test":                     none,
		"POST /api/v1/crm/accounts/{account}/setup":                    none,
		"GET /api/v1/crm/accounts/{account}/syncs":                     none,
		"POST /api/v1/crm/accounts/{account}/retry":                    none,
		"GET /api/v1/sites/{site}/crm":                                 none,
		"PUT /api/v1/sites/{site}/crm":                                 object{"account_id": site, "fields": []string{}},
		"DELETE /api/v1/sites/{site}/crm":                              none,
		"POST /api/v1/visits/{id}/crm/retry":                           none,
		"POST /api/v1/login":                                           object{"email": "nobody@example.org", "password": "wrong"},
		"GET /api/v1/login":                                            none,
		"POST /api/v1/logout":                                          none,
		"POST /api/v1/sites/{site}/kiosks":                             object{"name": "x"},
		"GET /api/v1/sites/{site}/kiosks":                              none,
		"DELETE /api/v1/sites/{site}/kiosks/{kiosk}":                   none,
		"POST /api/v1/profiles":                                        object{"name": "x", "validity": object{"kind": "days", "value": 5}},
		"GET /api/v1/profiles":                                         none,
		"GET /api/v1/profiles/{profile}":                               none,
		"PATCH /api/v1/profiles/{profile}":                             object{"devices": 2},
		"DELETE /api/v1/profiles/{profile}":                            none,
		"POST /api/v1/templates":                                       object{"name": "x", "profile_id": site, "methods": []string{"visit"}},
		"GET /api/v1/templates":                                        none,
		"GET /api/v1/templates/{template}":                             none,
		"PATCH /api/v1/templates/{template}":                           object{"reauth": "silent"},
		"DELETE /api/v1/templates/{template}":                          none,
		"GET /api/v1/templates/{template}/preview":                     none,
		"GET /api/v1/templates/{template}/consents":                    none,
		"GET /api/v1/templates/{template}/consents/{kind}":             none,
		"PUT /api/v1/templates/{template}/consents/{kind}":             object{"texts": object{"en": "Be kind."}},
		"POST /api/v1/sites/{site}/portals":                            object{"name": "x", "vendor": "meraki", "template_id": site},
		"GET /api/v1/sites/{site}/portals":                             none,
		"GET /api/v1/sites/{site}/portals/{portal}":                    none,
		"PATCH /api/v1/sites/{site}/portals/{portal}":                  object{"name": "y"},
		"DELETE /api/v1/sites/{site}/portals/{portal}":                 none,
		"GET /api/v1/sites/{site}/portals/{portal}/setup":              none,
		"GET /api/v1/portal-vendors":                                   none,
		"POST /api/v1/accounts":                                        object{"site_id": site, "profile_id": site},
		"GET /api/v1/accounts":                                         none,
		"GET /api/v1/accounts.csv":                                     none,
		"POST /api/v1/accounts/import":                                 "email\nx@example.org\n",
		"GET /api/v1/accounts/{account}":                               none,
		"PATCH /api/v1/accounts/{account}":                             object{"notes": "x"},
		"POST /api/v1/accounts/{account}/block":                        none,
		"POST /api/v1/accounts/{account}/unblock":                      none,
		"POST /api/v1/accounts/{account}/password":                     none,
		"POST /api/v1/accounts/{account}/same-person":                  object{"person_id": site},
		"GET /api/v1/accounts/{account}/decisions":                     none,
		"GET /api/v1/authentications":                                  none,
		"GET /api/v1/authentications.csv":                              none,
		"GET /api/v1/authentications/count":                            none,
		"GET /api/v1/authentications/{authentication}":                 none,
		"POST /api/v1/authentications/{authentication}/end":            none,
		"GET /api/v1/sites/{site}/portal-decisions":                    none,
		"POST /api/v1/kiosk/pair":                                      object{"code": "000000"},
		"POST /api/v1/kiosk/walk-in":                                   object{"visitor": object{"last_name": "x"}},
		"GET /api/v1/kiosk":                                            none,
		"POST /api/v1/kiosk/invitation":                                object{"code": "2222222222"},
		"POST /api/v1/kiosk/check-in":                                  object{"code": "2222222222"},
		"POST /api/v1/kiosk/check-out":                                 object{"username": "v-22222222"},
		"POST /api/v1/users":                                           object{"email": "x@example.org", "role": "host", "sites": []any{site}},
		"GET /api/v1/users":                                            none,
		"GET /api/v1/users/{user}":                                     none,
		"PATCH /api/v1/users/{user}":                                   object{"name": "x"},
		"DELETE /api/v1/users/{user}":                                  none,
		"DELETE /api/v1/users/{user}/logins":                           none,
		"GET /api/v1/sites/{site}/mail/deliveries":                     none,
		"POST /api/v1/sites/{site}/mail/test":                          none,
		"DELETE /api/v1/users/{user}/totp":                             none,
		"POST /api/v1/users/{user}/erase":                              none,
		"GET /api/v1/roles":                                            none,
		"PATCH /api/v1/me":                                             object{"name": "x"},
		"POST /api/v1/me/password":                                     object{"old": "x", "new": "y"},
		"POST /api/v1/me/totp":                                         object{"password": "x"},
		"POST /api/v1/me/totp/confirm":                                 object{"code": "000000"},
		"POST /api/v1/me/totp/remove":                                  object{"password": "x"},
		"POST /api/v1/password-reset":                                  object{"email": "nobody@example.org"},
		"POST /api/v1/password-reset/confirm":                          object{"token": "x", "password": "y"},
		"GET /api/v1/oidc/start":                                       none,
		"GET /api/v1/oidc/callback":                                    none,
		"GET /api/v1/me":                                               none,
		"GET /api/v1/live":                                             none,
		"GET /healthz":                                                 none,
		"GET /readyz":                                                  none,
		"GET /version":                                                 none,
	}
}

// objects are what a site has.
type objects struct {
	site, visit, agent, nas, token, hook, delivery, person, erasure, request, account, user, kiosk string
	rollCall, series, zone, roll, peer                                                             string
	profile, template, portal, guest                                                               string
}

func (b *bench) objects(t *testing.T, site visit.SiteID) objects {
	t.Helper()
	registration := b.registration()
	registration["site_id"], registration["check_in"] = site, true
	at := "/api/v1/sites/" + string(site)
	o := b.peopleOf(t, site)
	hook := b.want(t, 201, call{method: "POST", path: "/api/v1/webhooks", as: b.admin, body: object{
		"name": "hook", "url": "https://example.org/hook", "sites": []any{site}}}).string("webhook.id")
	zone := b.want(t, 201, call{method: "POST", path: at + "/zones", as: b.admin, body: object{"name": "lobby"}}).string("id")
	profile := b.want(t, 201, call{method: "POST", path: "/api/v1/profiles", as: b.admin, body: object{
		"name": "of " + site, "validity": object{"kind": "days", "value": 5}}}).string("id")
	template := b.want(t, 201, call{method: "POST", path: "/api/v1/templates", as: b.admin, body: object{
		"name": "of " + site, "profile_id": profile, "methods": []string{"visit"}}}).string("id")
	return objects{
		profile: profile, template: template,
		portal: b.want(t, 201, call{method: "POST", path: at + "/portals", as: b.admin, body: object{
			"name": "guests", "vendor": "meraki", "template_id": template}}).string("id"),
		guest: b.want(t, 201, call{method: "POST", path: "/api/v1/accounts", as: b.admin, body: object{
			"site_id": site, "profile_id": profile, "visitor": object{"last_name": "canary"}}}).string("account.id"),
		zone: zone,
		peer: b.want(t, 201, call{method: "POST", path: at + "/zones/" + zone + "/peers", as: b.admin, body: object{
			"address": "peer.example", "port": 443, "remote_site_id": site, "user": site, "password": "canary-peer-password"}}).string("id"),
		roll: b.want(t, 201, call{method: "POST", path: at + "/zones/" + zone + "/rolls", as: b.admin, body: object{
			"number": 1, "count": 2, "seconds": 3600}}).string("id"),
		person: o.person, erasure: o.erasure, request: o.request,
		account:  b.crmAccount(t, site),
		rollCall: b.want(t, 200, call{method: "POST", path: at + "/roll-calls", as: b.admin, body: object{"kind": "drill"}}).string("roll_call.id"),
		series:   b.want(t, 201, call{method: "POST", path: "/api/v1/visits/series", as: b.admin, body: b.seriesAt(site)}).string("series_id"),
		site:     string(site),
		visit:    b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: registration}).string("visit.id"),
		agent:    b.want(t, 201, call{method: "POST", path: at + "/agents", as: b.admin, body: object{"name": "agent"}}).string("id"),
		nas: b.want(t, 201, call{method: "POST", path: at + "/nases", as: b.admin, body: object{
			"name": "ap", "source": "10.1.0.0/16", "secret": canarySecret}}).string("id"),
		token: b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{
			"name": "t", "permissions": []string{"visits.read"}, "sites": []any{site}}}).string("token.id"),
		hook: hook,
		user: b.want(t, 201, call{method: "POST", path: "/api/v1/users", as: b.admin, body: object{
			"email": "at-" + string(site) + "@example.org", "role": "reception", "sites": []any{site}}}).string("user.id"),
		kiosk:    b.want(t, 201, call{method: "POST", path: at + "/kiosks", as: b.admin, body: object{"name": "lobby"}}).string("kiosk.id"),
		delivery: b.want(t, 202, call{method: "POST", path: "/api/v1/webhooks/" + hook + "/test", as: b.admin}).string("delivery_id"),
	}
}

func (o objects) fill(path string) string {
	if strings.HasPrefix(path, "/api/v1/accounts/") {
		path = strings.ReplaceAll(path, "{account}", o.guest)
	}
	return strings.NewReplacer("{site}", o.site, "{id}", o.visit, "{agent}", o.agent, "{nas}", o.nas, "{token}", o.token,
		"{user}", o.user, "{kiosk}", o.kiosk, "{rollcall}", o.rollCall, "{series}", o.series, "{zone}", o.zone, "{roll}", o.roll, "{peer}", o.peer,
		"{account}", o.account, "{webhook}", o.hook, "{delivery}", o.delivery,
		"{session}", o.visit, "{authentication}", o.visit, "{profile}", o.profile, "{template}", o.template, "{portal}", o.portal, "{kind}", "terms", "{person}", o.person, "{erasure}", o.erasure, "{request}", o.request).Replace(path)
}

// caller is somebody with a role at a site, as they really come: a token with the
// role's permissions, a person's login, a paired screen.
type caller struct {
	name   string
	role   auth.Role
	header http.Header
}

func (b *bench) callers(t *testing.T, site visit.SiteID) []caller {
	t.Helper()
	var list []caller
	for _, role := range auth.Roles() {
		list = append(list, caller{"token " + string(role), role, bearer(b.at(t, role, site))})
		if role.Staff() {
			list = append(list, caller{"user " + string(role), role, b.person(t, role, site)})
		}
	}
	return append(list, caller{"kiosk", auth.Kiosk, b.kiosk(t, site, false)})
}

// Nobody reads another site (promise P24): every role, every call of the
// description, every object of a site that is not theirs.
func TestNobodyReachesAnotherSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	foreign := b.objects(t, b.other)
	mixed := b.objects(t, b.site) // our site, their objects below it
	mixed.agent, mixed.nas, mixed.delivery, mixed.kiosk = foreign.agent, foreign.nas, foreign.delivery, foreign.kiosk
	mixed.rollCall, mixed.zone, mixed.portal = foreign.rollCall, foreign.zone, foreign.portal
	before := b.want(t, 200, call{path: "/api/v1/visits/" + foreign.visit, as: b.admin}).text
	for _, who := range b.callers(t, b.site) {
		role := who.role
		for _, op := range operations(t) {
			body, known := places(b, b.other)[op.String()]
			require.True(t, known, "%s has no entry in places", op)
			c := call{method: op.method, header: who.header, body: body}
			permitted := op.permission == "" || role.Permissions().Has(auth.Permission(op.permission))
			switch {
			case op.open, op.own():
			case op.String() == "POST /api/v1/users" && permitted:
				b.refused(t, 403, "grants_more", c.to(op.method, op.path))
			case !permitted:
				b.refused(t, 403, "forbidden", c.to(op.method, foreign.fill(op.path)))
			case op.deployment():
				if c = c.to(op.method, foreign.fill(op.path)); op.method == http.MethodGet {
					b.want(t, 200, c)
				} else {
					b.refused(t, 403, "forbidden", c)
				}
			case op.String() == "POST /api/v1/visits/import" || op.String() == "POST /api/v1/accounts/import":
				b.missing(t, c.to(op.method, op.path+"?site_id="+foreign.site))
			case op.String() == "POST /api/v1/visits/batch", op.String() == "POST /api/v1/visits/check-in-batch":
				if _, ids := body.(object)["ids"]; ids {
					c.body = object{"ids": []string{foreign.visit}}
				}
				row, _ := b.want(t, 200, c.to(op.method, op.path)).list("rows")[0].(object)
				require.Contains(t, row["refused"].(object)["type"], "_not_found", "%s to %s", who.name, op)
			case strings.Contains(op.path, "{") || op.String() == "POST /api/v1/visits" || op.String() == "POST /api/v1/visits/series" || op.String() == "POST /api/v1/webhooks" || op.String() == "POST /api/v1/accounts":
				b.missing(t, c.to(op.method, foreign.fill(op.path)))
				if strings.Contains(op.path, "{agent}") || strings.Contains(op.path, "{nas}") || strings.Contains(op.path, "{delivery}") || strings.Contains(op.path, "{kiosk}") || strings.Contains(op.path, "{rollcall}") || strings.Contains(op.path, "{zone}") || strings.Contains(op.path, "{portal}") {
					b.missing(t, c.to(op.method, mixed.fill(op.path)))
				}
			case strings.HasPrefix(op.path, "/api/v1/kiosk/"):
				c.body = object{"token": b.invitation(t, foreign.visit)}
				b.missing(t, c.to(op.method, op.path))
			case op.String() == "POST /api/v1/sites" || op.String() == "POST /api/v1/crm/accounts":
				b.refused(t, 403, "forbidden", c.to(op.method, op.path)) // they would not see it
			case op.method == http.MethodGet && op.path != "/api/v1/live":
				a := b.want(t, 200, c.to(op.method, op.path))
				for _, id := range []string{foreign.site, foreign.visit, foreign.agent, foreign.nas, foreign.token, foreign.hook, foreign.delivery, foreign.person, foreign.erasure, foreign.request, foreign.account, foreign.user, foreign.kiosk, foreign.rollCall, foreign.series, foreign.zone, foreign.roll, foreign.portal, foreign.guest, "Paris"} {
					require.NotContains(t, string(a.text), id, "%s to %s", who.name, op)
				}
			}
		}
	}
	require.Equal(t, string(before), string(b.want(t, 200, call{path: "/api/v1/visits/" + foreign.visit, as: b.admin}).text), "nothing happened to it")
	// The negative control: who may see the other site reaches it.
	there := b.at(t, auth.Administrator, b.other)
	for _, path := range []string{"/api/v1/visits/{id}", "/api/v1/sites/{site}", "/api/v1/sites/{site}/nases/{nas}"} {
		b.want(t, 200, call{path: foreign.fill(path), as: there})
	}
}

func (b *bench) missing(t *testing.T, c call) {
	t.Helper()
	a := b.want(t, 404, c)
	require.Contains(t, a.string("type"), "_not_found")
}

// A filter for another site finds nothing, whoever asks.
func TestFiltersDoNotReachAnotherSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	foreign := b.objects(t, b.other)
	here := b.at(t, auth.Administrator, b.site)
	for _, path := range []string{
		"/api/v1/visits?site_id=" + foreign.site, "/api/v1/visits?q=canary",
		"/api/v1/events?site_id=" + foreign.site, "/api/v1/events?visit_id=" + foreign.visit,
		"/api/v1/audit?chain=" + foreign.site, "/api/v1/audit?chain=deployment", "/api/v1/audit?visit_id=" + foreign.visit,
	} {
		a := b.do(t, call{path: path, as: here})
		if a.status == 200 {
			require.Empty(t, a.list("items"), path)
			continue
		}
		require.Equal(t, 404, a.status, path)
	}
	require.NotEmpty(t, b.want(t, 200, call{path: "/api/v1/visits?site_id=" + foreign.site, as: b.admin}).list("items"))
}

func TestNobodyUnknownIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ours := b.objects(t, b.site)
	revoked := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{"name": "t", "permissions": []string{"visits.read"}}})
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/tokens/" + revoked.string("token.id"), as: b.admin})
	expires := b.Clock.Now().Add(3600e9)
	expired := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{"name": "t", "permissions": []string{"visits.read"}, "expires_at": expires}})
	b.want(t, 200, call{path: "/api/v1/visits", as: expired.string("secret")})
	b.Clock.Advance(3601e9)
	for _, op := range operations(t) {
		if op.open {
			continue
		}
		for name, token := range map[string]string{
			"none": "", "nonsense": "nonsense", "revoked": revoked.string("secret"), "expired": expired.string("secret"),
			"mistyped": b.admin[:len(b.admin)-1] + "x",
		} {
			a := b.refused(t, 401, "unauthenticated", call{method: op.method, path: ours.fill(op.path), as: token})
			require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer", name)
		}
	}
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: http.Header{"Cookie": {"foyer_login=" + b.admin}}})
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/me", header: http.Header{"Authorization": {"Basic Zm9vOmJhcg=="}}})
}

// Every guarded call names a permission that exists, and none is offered to tokens and
// roles that allows nothing.
func TestPermissionsAreThoseOfCalls(t *testing.T) {
	t.Parallel()
	used := auth.NewPermissions(auth.WorkflowsRead) // a field of the visit's page
	for _, op := range operations(t) {
		if op.open || op.own() {
			require.Empty(t, op.permission, op)
			continue
		}
		used[auth.Permission(op.permission)] = struct{}{}
	}
	require.Equal(t, auth.EveryPermission().Names(), used.Names())
}

// A token of a deployment is nobody's business who sees one site.
func TestTokensOfWiderScope(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wide := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: b.admin, body: object{"name": "wide", "permissions": []string{"visits.read"}}})
	narrow := b.token(t, store.Scope{Sites: []visit.SiteID{b.site}}, auth.EveryPermission())
	b.refused(t, 404, "token_not_found", call{method: "DELETE", path: "/api/v1/tokens/" + wide.string("token.id"), as: narrow})
	b.want(t, 200, call{path: "/api/v1/visits", as: wide.string("secret")})
	mine := b.want(t, 201, call{method: "POST", path: "/api/v1/tokens", as: narrow, body: object{"name": "mine", "permissions": []string{"visits.read"}}})
	require.Equal(t, false, mine.field("token.all_sites"))
	require.Len(t, mine.list("token.sites"), 1)
	b.refused(t, 403, "grants_more", call{method: "POST", path: "/api/v1/tokens", as: narrow, body: object{
		"name": "more", "permissions": []string{"visits.read"}, "sites": []any{b.other}}})
	b.want(t, 204, call{method: "DELETE", path: "/api/v1/tokens/" + mine.string("token.id"), as: narrow})
}
