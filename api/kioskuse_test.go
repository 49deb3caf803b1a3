package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// doorman may check in and out and reveals nothing.
func (b *bench) doorman(t *testing.T) string {
	t.Helper()
	return b.token(t, store.Scope{Sites: []visit.SiteID{b.site}}, auth.NewPermissions(auth.VisitsCheckIn, auth.VisitsCheckOut))
}

// invitation is the token of a visit's invitation, good for two days from now.
func (b *bench) invitation(t *testing.T, id string) string {
	t.Helper()
	return b.linkTo(t, link.Invitation, id)
}

func (b *bench) linkTo(t *testing.T, purpose link.Purpose, id string) string {
	t.Helper()
	token, err := link.Sign(b.Keyring, link.Link{Purpose: purpose, Object: id, ExpiresAt: b.Clock.Now().Add(48 * time.Hour)})
	require.NoError(t, err)
	return token
}

// at the screen: what somebody does there.
func at(screen http.Header, what string, body object) call {
	return call{method: "POST", path: "/api/v1/kiosk/" + what, header: screen, body: body}
}

// expectedAt registers a visit that begins in a while.
func (b *bench) expectedAt(t *testing.T, site visit.SiteID, in time.Duration) string {
	t.Helper()
	body := b.registration()
	body["site_id"], body["expected_arrival"], body["expected_departure"] = site, b.Clock.Now().Add(in), b.Clock.Now().Add(in+2*time.Hour)
	return b.want(t, 201, call{method: "POST", path: "/api/v1/visits", as: b.admin, body: body}).string("visit.id")
}

func (b *bench) rules(t *testing.T, texts object) int {
	t.Helper()
	a := b.want(t, 200, call{method: "PUT", path: "/api/v1/sites/" + string(b.site) + "/rules", as: b.admin, body: object{"texts": texts}})
	return int(a.field("version").(float64))
}

func TestAKioskKnowsItsSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen := b.kiosk(t, b.site, true)
	get := call{path: "/api/v1/kiosk", header: screen}
	a := b.want(t, 200, get)
	require.Equal(t, "Berlin", a.field("site"))
	require.Equal(t, true, a.field("walk_ins"))
	require.Equal(t, []any{"en", "de", "fr", "es", "it", "pl"}, a.list("languages"))
	require.Equal(t, []any{object{"ssid": "guests", "kind": "wpa_psk"}}, a.list("networks"))
	require.NotContains(t, string(a.text), "rules", "there are none")

	version := b.rules(t, object{"en": "Be kind.", "de": "Seien Sie freundlich."})
	a = b.want(t, 200, get)
	require.EqualValues(t, version, a.field("rules.version"))
	require.Equal(t, "Be kind.", a.field("rules.texts.en"))
	b.rules(t, object{})
	require.NotContains(t, string(b.want(t, 200, get).text), "rules", "they ended")

	b.want(t, 200, call{method: "PATCH", path: "/api/v1/sites/" + string(b.site), as: b.admin, body: object{"walk_ins": false}})
	require.Equal(t, false, b.want(t, 200, get).field("walk_ins"), "the site says no")
	b.refused(t, 403, "forbidden", at(screen, "walk-in", object{"visitor": object{"last_name": "Quill"}}))
	require.Equal(t, false, b.want(t, 200, call{path: "/api/v1/kiosk", header: b.kiosk(t, b.site, false)}).field("walk_ins"), "the kiosk says no")

	wide := b.token(t, store.Everything, auth.NewPermissions(auth.KioskUse))
	b.refused(t, 403, "forbidden", call{path: "/api/v1/kiosk", as: wide})
	b.refused(t, 403, "forbidden", call{path: "/api/v1/kiosk", header: b.person(t, auth.Administrator, b.site)})
}

// What a kiosk says of an invitation, and to whom it says nothing.
func TestAKioskReadsInvitations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen := b.kiosk(t, b.site, false)
	show := func(body object) call { return at(screen, "invitation", body) }

	id := b.expected(t)
	token := b.invitation(t, id)
	a := b.want(t, 200, show(object{"token": token}))
	require.JSONEq(t, `{"first_name": "Ada", "state": "ready"}`, withoutSchema(a))
	code, err := b.InvitationCode(t.Context(), visit.VisitID(id))
	require.NoError(t, err)
	require.Regexp(t, `^[2-9a-hj-km-np-z]{10}$`, code)
	typed := " " + strings.ToUpper(code[:4]) + " " + code[4:8] + "-" + code[8:] + " "
	require.Equal(t, "ready", b.want(t, 200, show(object{"code": typed})).field("state"))

	early := b.want(t, 200, show(object{"token": b.invitation(t, b.expectedAt(t, b.site, 2*time.Hour))}))
	require.Equal(t, "too_early", early.field("state"))
	require.Equal(t, b.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano), early.field("ready_at"))
	require.Equal(t, "ready", b.want(t, 200, show(object{"token": b.invitation(t, b.expectedAt(t, b.site, time.Hour))})).field("state"))
	b.want(t, 200, b.post(id, "check-in"))
	require.Equal(t, "checked_in", b.want(t, 200, show(object{"token": token})).field("state"))
	b.want(t, 200, b.post(id, "check-out"))
	require.Equal(t, "over", b.want(t, 200, show(object{"token": token})).field("state"))

	foreign := b.expectedAt(t, b.other, 0)
	foreignCode, err := b.InvitationCode(t.Context(), visit.VisitID(foreign))
	require.NoError(t, err)
	for name, body := range map[string]object{
		"another site's":    {"token": b.invitation(t, foreign)},
		"and its code":      {"code": foreignCode},
		"forged":            {"token": token[:len(token)-1] + "A"},
		"no token":          {"token": "https://example.org/"},
		"nobody's":          {"token": b.invitation(t, "01890a5d-ac96-774b-bcce-b302099a8057")},
		"a host's link":     {"token": b.linkTo(t, link.ExtendByHost, id)},
		"a check-out link":  {"token": b.linkTo(t, link.CheckOut, id)},
		"a password's link": {"token": b.linkTo(t, link.PasswordReset, id)},
		"a code of none":    {"code": "2222222222"},
	} {
		a := b.do(t, show(body))
		require.Equal(t, "urn:foyer:problem:invitation_not_found", a.field("type"), name)
		a = b.do(t, at(screen, "check-in", body))
		require.Equal(t, "urn:foyer:problem:invitation_not_found", a.field("type"), name)
	}
	b.refused(t, 422, "invalid", show(object{}))
	b.refused(t, 422, "invalid", show(object{"token": token, "code": code}))
	b.Clock.Advance(48 * time.Hour)
	b.refused(t, 410, "link_expired", show(object{"token": token}))
	require.Empty(t, b.visitOf(t, foreign).CheckInRequestedBy)
}

func withoutSchema(a answer) string {
	text := string(a.text)
	if begin := strings.Index(text, `"$schema"`); begin >= 0 {
		text = text[:begin] + text[begin+strings.IndexByte(text[begin:], ',')+1:]
	}
	return text
}

// One check-in; its kiosk may show it again for two minutes, nobody else.
func TestAKioskChecksInOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen, second := b.kiosk(t, b.site, false), b.kiosk(t, b.site, false)
	id := b.expected(t)
	in := at(screen, "check-in", object{"token": b.invitation(t, id)})
	first := b.want(t, 200, in.keyed("k1"))
	require.Equal(t, "Ada", first.field("first_name"))
	require.NotEmpty(t, first.string("voucher.password"))
	require.Equal(t, canaryPSK, first.list("networks")[0].(object)["passphrase"])
	require.NotContains(t, string(first.text), "Quill", "no more than the first name")
	require.True(t, strings.HasPrefix(b.visitOf(t, id).CheckInRequestedBy, "kiosk:"))

	in.header = second
	b.refused(t, 409, "already_checked_in", in)
	in.header = screen
	b.Clock.Advance(120 * time.Second)
	for _, key := range []string{"k1", "k2", ""} {
		require.Equal(t, first.string("voucher.password"), b.want(t, 200, in.keyed(key)).string("voucher.password"), "for two minutes")
	}
	b.Clock.Advance(time.Second)
	for _, key := range []string{"k1", "k2", "k3", ""} {
		b.refused(t, 409, "already_checked_in", in.keyed(key))
	}
	b.want(t, 200, b.post(id, "check-out"))
	b.refused(t, 409, "visit_ended", in.keyed(""))
	b.refused(t, 409, "too_early", at(screen, "check-in", object{"token": b.invitation(t, b.expectedAt(t, b.site, 2*time.Hour))}))
	cancelled := b.expected(t)
	b.want(t, 200, b.post(cancelled, "cancel"))
	b.refused(t, 409, "visit_cancelled", at(screen, "check-in", object{"token": b.invitation(t, cancelled)}))
}

// Two kiosks scan one code: one shows credentials, the other sends to the desk.
func TestTwoKiosksScanOneCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screens := []http.Header{b.kiosk(t, b.site, false), b.kiosk(t, b.site, false)}
	body := object{"token": b.invitation(t, b.expected(t))}
	answers := make([]answer, 8)
	var scans sync.WaitGroup
	for i := range answers {
		scans.Go(func() { answers[i] = b.do(t, at(screens[i%2], "check-in", body)) })
	}
	scans.Wait()
	shown := map[string]bool{}
	for i, a := range answers {
		require.Equal(t, answers[i%2].status, a.status, "all scans of a kiosk are answered alike")
		if a.status == 200 {
			shown[a.string("voucher.password")] = true
			continue
		}
		require.Equal(t, "urn:foyer:problem:already_checked_in", a.field("type"))
	}
	require.NotEqual(t, answers[0].status, answers[1].status)
	require.Len(t, shown, 1)
}

// Where a site has rules, nobody comes in at a kiosk without accepting those in force.
func TestRulesAreAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen := b.kiosk(t, b.site, true)
	rules := "/api/v1/sites/" + string(b.site) + "/rules"
	none := b.want(t, 200, b.get(rules))
	require.EqualValues(t, 0, none.field("version"))

	first := b.rules(t, object{"en": " Be kind.\r\nWear a badge. ", "de": " "})
	require.Equal(t, first, b.rules(t, object{"en": "Be kind.\nWear a badge."}), "the same text is the same version")
	b.refused(t, 422, "invalid", call{method: "PUT", path: rules, as: b.admin, body: object{"texts": object{"xx": "?"}}})
	b.refused(t, 422, "invalid", call{method: "PUT", path: rules, as: b.admin, body: object{"texts": object{"en": strings.Repeat("x", visit.MaxRules+1)}}})
	b.refused(t, 403, "forbidden", call{method: "PUT", path: rules, header: b.person(t, auth.Reception, b.site), body: object{"texts": object{}}})

	id := b.expected(t)
	in := object{"token": b.invitation(t, id)}
	a := b.refused(t, 409, "rules_changed", at(screen, "check-in", in))
	require.EqualValues(t, first, a.field("rules_version"))
	second := b.rules(t, object{"en": "Be kind.", "de": "Seien Sie freundlich."})
	in["rules_version"] = first
	require.EqualValues(t, second, b.refused(t, 409, "rules_changed", at(screen, "check-in", in)).field("rules_version"))
	require.Nil(t, b.visitOf(t, id).CheckInRequestedAt)
	in["rules_version"] = second
	b.want(t, 200, at(screen, "check-in", in))
	delete(in, "rules_version")
	b.want(t, 200, at(screen, "check-in", in)) // shown again, not agreed again
	v := b.want(t, 200, b.get("/api/v1/visits/"+id))
	require.EqualValues(t, second, v.field("visit.rules_version"))
	require.Equal(t, b.visitOf(t, id).CheckInRequestedBy, v.field("visit.rules_accepted_by"))
	require.NotEmpty(t, v.string("visit.rules_accepted_at"))
	require.Contains(t, string(b.want(t, 200, b.get("/api/v1/audit?visit_id="+id)).text), `"rules_version":2`)
	require.Equal(t, "Be kind.\nWear a badge.", b.want(t, 200, b.get(rules+"?version=1")).field("texts.en"), "older ones are kept")
	b.refused(t, 404, "rules_not_found", b.get(rules+"?version=9"))

	b.want(t, 200, b.post(b.expected(t), "check-in")) // the desk asks nobody
	walkIn := object{"visitor": object{"first_name": "Bea", "last_name": "Canary-Moss"}}
	b.refused(t, 409, "rules_changed", at(screen, "walk-in", walkIn))
	walkIn["rules_version"] = second
	come := at(screen, "walk-in", walkIn).keyed("w1")
	a = b.want(t, 201, come)
	require.Equal(t, "Bea", a.field("first_name"))
	require.Equal(t, a.string("voucher.password"), b.want(t, 201, come).string("voucher.password"))
	b.Clock.Advance(121 * time.Second)
	b.refused(t, 409, "already_checked_in", come)
	require.Len(t, b.want(t, 200, b.get("/api/v1/visits?tab=on_site&q=moss")).list("items"), 1)
}

// Leaving, by what the visitor has; who is not here is not known, whatever the reason.
func TestAKioskChecksOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen := b.kiosk(t, b.site, false)
	out := func(body object) call { return at(screen, "check-out", body) }
	come := func() (id, username string) {
		id = b.expected(t)
		return id, b.want(t, 200, at(screen, "check-in", object{"token": b.invitation(t, id)})).string("voucher.username")
	}
	id, username := come()
	b.want(t, 204, out(object{"username": " " + strings.ToUpper(username)}))
	require.Equal(t, visit.CheckedOut, b.visitOf(t, id).Status)
	require.True(t, strings.HasPrefix(b.visitOf(t, id).EndedBy, "kiosk:"))
	b.want(t, 204, out(object{"username": username})) // twice is no harm
	for _, purpose := range []link.Purpose{link.Invitation, link.CheckOut} {
		id, _ = come()
		b.want(t, 204, out(object{"token": b.linkTo(t, purpose, id)}))
		require.Equal(t, visit.CheckedOut, b.visitOf(t, id).Status)
	}
	id, _ = come()
	code, err := b.InvitationCode(t.Context(), visit.VisitID(id))
	require.NoError(t, err)
	b.want(t, 204, out(object{"code": code}))

	overdue, username := come()
	b.Clock.Advance(3 * time.Hour)
	_, err = b.RevokeVoucher(t.Context(), visit.VisitID(overdue), store.RevokeInput{By: store.Workflow})
	require.NoError(t, err)
	require.Equal(t, visit.Unconfirmed, b.visitOf(t, overdue).Presence)
	b.want(t, 204, out(object{"username": username}))
	require.Equal(t, visit.Left, b.visitOf(t, overdue).Presence, "they say so themselves")

	waiting, foreign := b.expected(t), b.expectedAt(t, b.other, 0)
	there := b.want(t, 200, b.post(foreign, "check-in")).string("voucher.username")
	for name, body := range map[string]object{
		"nobody's":           {"username": "v-22222222"},
		"another site's":     {"username": there},
		"not yet here":       {"token": b.invitation(t, waiting)},
		"elsewhere":          {"token": b.invitation(t, foreign)},
		"only to extend":     {"token": b.linkTo(t, link.Extend, overdue)},
		"part of a name":     {"username": username[:5]},
		"a pattern":          {"username": "%"},
		"two things at once": {},
	} {
		if len(body) == 0 {
			b.refused(t, 422, "invalid", out(object{"username": username, "code": code}))
			continue
		}
		require.JSONEq(t, withoutSchema(b.refused(t, 404, "invitation_not_found", out(object{"username": "v-33333333"}))),
			withoutSchema(b.refused(t, 404, "invitation_not_found", out(body))), name)
	}
	require.Equal(t, visit.CheckedIn, b.visitOf(t, foreign).Status)
}

// Guessing ends after a queue's worth of questions.
func TestKiosksAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.KioskAsks = limiter(c, 3) })
	screen, other := b.kiosk(t, b.site, false), b.kiosk(t, b.site, false)
	b.refused(t, 404, "invitation_not_found", at(screen, "invitation", object{"code": "2222222222"}))
	b.refused(t, 404, "invitation_not_found", at(screen, "check-in", object{"code": "2222222223"}))
	b.refused(t, 404, "invitation_not_found", at(screen, "check-out", object{"username": "v-22222222"}))
	b.refused(t, 429, "too_many_requests", at(screen, "check-out", object{"username": "v-22222223"}))
	b.refused(t, 429, "too_many_requests", at(screen, "invitation", object{"code": "2222222222"}))
	b.refused(t, 404, "invitation_not_found", at(other, "invitation", object{"code": "2222222222"}))
	b.want(t, 200, call{path: "/api/v1/kiosk", header: screen})
	lobby, visitor := b.kiosk(t, b.site, true), object{"visitor": object{"last_name": "Quill"}}
	for range 3 {
		b.want(t, 201, at(lobby, "walk-in", visitor))
	}
	b.refused(t, 429, "too_many_requests", at(lobby, "walk-in", visitor))
}

// A kiosk that is revoked, or whose site is archived, is none.
func TestARevokedKioskShowsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	screen := b.kiosk(t, b.site, true)
	b.want(t, 200, b.post("", "").to("POST", "/api/v1/sites/"+string(b.site)+"/archive"))
	b.refused(t, 401, "unauthenticated", call{path: "/api/v1/kiosk", header: screen})
	b.refused(t, 401, "unauthenticated", at(screen, "walk-in", object{"visitor": object{"last_name": "Quill"}}))
}
