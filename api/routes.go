package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/sheet"
)

// routes is the whole interface: method, path, permission, what it does. The
// matrix of who may call what is generated from it.
func (s *Server) routes() {
	const site, one = "/api/v1/sites/{site}", "/api/v1/visits/{id}"

	route(s, "POST /api/v1/sites", auth.SitesWrite, "Create a site", s.createSite, status(201))
	route(s, "GET /api/v1/sites", auth.SitesRead, "List sites", s.listSites)
	route(s, "GET "+site, auth.SitesRead, "Read a site", s.readSite)
	route(s, "PATCH "+site, auth.SitesWrite, "Change a site", s.changeSite)
	route(s, "POST "+site+"/archive", auth.SitesWrite, "Archive a site", s.archiveSite)
	route(s, "GET "+site+"/mail", auth.SitesWrite, "Read a site's mail settings", s.readMail)
	route(s, "PUT "+site+"/mail", auth.SitesWrite, "Replace a site's mail settings", s.setMail)
	route(s, "GET "+site+"/mail/deliveries", auth.SitesWrite, "List a site's mails and what became of them, newest first", s.listMails)
	route(s, "POST "+site+"/mail/test", auth.SitesWrite, "Mail oneself a test, as the site", s.testMail, status(202),
		about("For people who are signed in. What becomes of it stands among the site's mails."))
	route(s, "GET "+site+"/rules", auth.SitesRead, "Read what visitors agree to at a site's kiosks", s.readRules)
	route(s, "PUT "+site+"/rules", auth.SitesWrite, "Say what visitors agree to at a site's kiosks", s.setRules,
		about("Another text is another version, which kiosks ask for from then on. Older ones are kept."))

	route(s, "POST "+site+"/agents", auth.AgentsWrite, "Add an agent; the answer holds its enrolment token", s.createAgent, status(201))
	route(s, "GET "+site+"/agents", auth.AgentsRead, "List a site's agents", s.listAgents)
	route(s, "DELETE "+site+"/agents/{agent}", auth.AgentsWrite, "Withdraw an agent; its live link is cut", s.withdrawAgent, status(204))
	route(s, "POST "+site+"/agents/{agent}/release", auth.AgentsWrite, "End an agent's quarantine", s.releaseAgent, status(204))

	route(s, "POST "+site+"/nases", auth.NASesWrite, "Add a NAS", s.createNAS, status(201))
	route(s, "GET "+site+"/nases", auth.NASesRead, "List a site's NASes", s.listNASes)
	route(s, "GET "+site+"/nases/{nas}", auth.NASesRead, "Read a NAS", s.readNAS)
	route(s, "PATCH "+site+"/nases/{nas}", auth.NASesWrite, "Change a NAS", s.changeNAS)
	route(s, "DELETE "+site+"/nases/{nas}", auth.NASesWrite, "Remove a NAS", s.deleteNAS, status(204))
	route(s, "POST "+site+"/nases/{nas}/test", auth.NASesWrite, "Have the site's agents try a NAS", s.testNAS, also(429),
		about("Each agent asks the NAS to end a session that does not exist, and says what it heard of it before. Answers within ten seconds."))
	route(s, "GET "+site+"/terminations", auth.VisitsRead, "List visits whose sessions are not proven ended, newest first", s.listOpenTerminations)
	route(s, "GET "+site+"/refused-logins", auth.NASesRead, "List refused logins with their reasons", s.listRefused)
	route(s, "GET "+site+"/evacuation", auth.EvacuationRead, "Everyone who may be in the building", s.evacuation)
	route(s, "GET "+site+"/evacuation.csv", auth.EvacuationRead, "The evacuation list as CSV", s.evacuationCSV, csvFile)
	route(s, "GET "+site+"/evacuation/offline", auth.EvacuationRead, "How the site's agents show the list when the link is cut", s.readOffline)
	route(s, "PUT "+site+"/evacuation/offline", auth.SitesWrite, "Have the site's agents show the list, or not", s.setOffline,
		about("Replaces the settings; a PIN that is not given stays. Nobody can read the PIN."))

	const call = site + "/roll-calls/{rollcall}"
	route(s, "POST "+site+"/roll-calls", auth.EvacuationWrite, "Start a roll call, or join the one that goes on", s.startRollCall,
		about("Freezes the list of everyone who may be in the building; who comes in until the end is added. A site has one roll call at a "+
			"time: a second alarm joins the first (changed: false), and a real one turns a drill into a real one."))
	route(s, "GET "+site+"/roll-calls", auth.EvacuationRead, "List roll calls, newest first", s.listRollCalls,
		about("One that goes on is the first of the list."))
	route(s, "GET "+call, auth.EvacuationRead, "Read a roll call with its list and marks; after its end, the report", s.readRollCall)
	route(s, "GET "+call+"/report.csv", auth.EvacuationRead, "The same as CSV", s.rollCallCSV, csvFile)
	route(s, "POST "+call+"/marks", auth.EvacuationWrite, "Say who is safe, missing or was not here", s.markRollCall, large,
		about("Several at once. Marks that were made offline are sent when that is possible, as often as needed, until 24 hours after the end: "+
			"order and repetition do not matter. What cannot be taken is said mark by mark and keeps no other from being taken."))
	route(s, "POST "+call+"/end", auth.EvacuationWrite, "End a roll call", s.endRollCall)

	route(s, "POST /api/v1/visits/batch", auth.VisitsWrite, "Register up to 200 visits", s.registerBatch, large,
		about("Answers 200 with what became of each row, also where none was registered. A repeat under the same Idempotency-Key gets the first answer again, "+
			"unless nothing had been registered."))
	route(s, "POST /api/v1/visits/import", auth.VisitsWrite, "Register up to 500 visits from a spreadsheet's CSV", s.importVisits, large, csvBody, also(404),
		about("UTF-8, parted by commas or semicolons; the first line names the columns: "+strings.Join(sheet.ColumnNames, ", ")+". "+
			"Times are RFC 3339, or 2026-12-24 09:00 or 24.12.2026 09:00 by the clock at the site. Answers as batch does, by line."))
	route(s, "POST /api/v1/visits/check-in-batch", auth.VisitsCheckIn, "Check up to 200 visitors in", s.checkInBatch,
		about("Each as if alone; what one check-in would answer, or refuse, stands in its row."))
	const series = "/api/v1/visits/series"
	route(s, "POST "+series, auth.VisitsWrite, "Register a visit on each of several days", s.registerSeries, status(201), also(404),
		about("All or none. Times are those of the clock at the site, on either side of a change to or from summer time."))
	route(s, "GET "+series+"/{series}", auth.VisitsRead, "Read a series' visits", s.readSeries)
	route(s, "POST "+series+"/{series}/cancel", auth.VisitsWrite, "Cancel the rest of a series", s.cancelSeries,
		about("Visits that have begun or ended stay as they are."))
	route(s, "POST /api/v1/visits", auth.VisitsWrite, "Register a visit, or check a walk-in in", s.register, status(201),
		about("A walk-in (check_in: true) is answered like a check-in, with its credentials."))
	route(s, "GET /api/v1/visits", auth.VisitsRead, "List visits", s.listVisits)
	route(s, "GET "+one, auth.VisitsRead, "Read a visit with all that belongs to it", s.readVisit)
	route(s, "PATCH "+one, auth.VisitsWrite, "Change a visit", s.changeVisit)
	route(s, "POST "+one+"/check-in", auth.VisitsCheckIn, "Check a visitor in", s.checkIn,
		about("Always answers with credentials. A repeat gets the same ones; their password only under the same Idempotency-Key, "+
			"within 120 seconds to the same caller, or to one who may reveal it, which is audited. Else it is null."))
	route(s, "POST "+one+"/check-out", auth.VisitsCheckOut, "Check a visitor out", s.checkOut,
		about("When this answers, the voucher is revoked. Sessions are being ended; see the visit's terminations. A repeat changes nothing."))
	route(s, "POST "+one+"/cancel", auth.VisitsWrite, "Cancel an expected visit", s.cancel)
	route(s, "POST "+one+"/extend", auth.VisitsWrite, "Move the expected departure, later or earlier", s.extend)
	route(s, "POST "+one+"/confirm-left", auth.VisitsCheckOut, "Confirm that the visitor left the building", s.confirmLeft,
		about("Of an expired visit: access has ended, but nobody has said where the person is."))
	route(s, "POST "+one+"/readmit", auth.VisitsCheckIn, "Continue an ended visit by a new one", s.readmit, status(201), refuses(410),
		about("Within 12 hours of its end. The new visit is checked in at once and has its own credentials."))
	route(s, "POST "+one+"/terminate", auth.VisitsTerminate, "Retry ending the sessions now", s.terminate)
	route(s, "POST "+one+"/sessions/{session}/disconnect", auth.VisitsTerminate, "Disconnect one device while the visit goes on", s.disconnect, status(202), also(503),
		about("Its credentials stay good: the device may log in again at once. Reissue them, or check the visitor out, to keep it away. "+
			"One attempt, made by an agent of the site within half a minute; what came of it is one of the visit's terminations. "+
			"A NAS that tells devices apart by the user name alone may end the visit's other devices there as well. "+
			"503 agent_away: no agent is connected, nothing was changed. 409 session_ended: it is not connected any more."))
	route(s, "POST "+one+"/voucher/reveal", auth.VouchersReveal, "Show the password; audited", s.reveal)
	route(s, "POST "+one+"/voucher/reissue", auth.VouchersReissue, "Give new credentials; old sessions are cut", s.reissue)
	route(s, "POST "+one+"/voucher/mail", auth.VouchersReveal, "Mail the credentials to the visitor; audited", s.mailVoucher, status(202),
		about("Answers before the mail has left: its delivery, by the id in the answer, is pending among the visit's deliveries and tells how it came out."))

	s.peopleRoutes()

	route(s, "GET /api/v1/events", auth.EventsRead, "List events, newest first", s.listEvents)
	route(s, "GET /api/v1/audit", auth.AuditRead, "List audit rows, newest first", s.listAudit)
	route(s, "GET /api/v1/audit/export", auth.AuditRead, "Export the audit trail", s.exportAudit, auditFile)
	route(s, "GET "+one+"/disclosures", auth.AuditRead, "Who was shown the visit's password, when and how", s.listDisclosures,
		about("Every answer and every mail that held it, oldest first. The site's agents, which must know it, are not listed."))
	route(s, "GET /api/v1/audit/verify", auth.AuditRead, "Verify the audit chain", s.verifyAudit)

	route(s, "POST /api/v1/tokens", auth.TokensWrite, "Make an API token; the answer is the only one that holds it", s.createToken, status(201))
	route(s, "GET /api/v1/tokens", auth.TokensRead, "List API tokens", s.listTokens)
	route(s, "DELETE /api/v1/tokens/{token}", auth.TokensWrite, "Revoke an API token", s.revokeToken, status(204))

	const hook = "/api/v1/webhooks/{webhook}"
	route(s, "POST /api/v1/webhooks", auth.WebhooksWrite, "Add a webhook; the answer holds its secret", s.createWebhook, status(201), also(404))
	route(s, "GET /api/v1/webhooks", auth.WebhooksRead, "List webhooks", s.listWebhooks)
	route(s, "GET "+hook, auth.WebhooksRead, "Read a webhook", s.readWebhook)
	route(s, "PATCH "+hook, auth.WebhooksWrite, "Change, disable or enable a webhook", s.changeWebhook)
	route(s, "DELETE "+hook, auth.WebhooksWrite, "Remove a webhook", s.deleteWebhook, status(204))
	route(s, "POST "+hook+"/rotate", auth.WebhooksWrite, "Give a webhook a new secret; the answer holds it", s.rotateWebhook)
	route(s, "POST "+hook+"/test", auth.WebhooksWrite, "Send a test event to a webhook", s.testWebhook, status(202))
	route(s, "POST "+hook+"/replay", auth.WebhooksWrite, "Send again what failed, at most 1000 at a time", s.replayFailed, status(202))
	route(s, "GET "+hook+"/deliveries", auth.WebhooksRead, "List what went to a webhook, newest first", s.listDeliveries)
	route(s, "GET "+hook+"/deliveries/{delivery}", auth.WebhooksRead, "Read a delivery with its attempts", s.readDelivery)
	route(s, "POST "+hook+"/deliveries/{delivery}/replay", auth.WebhooksWrite, "Send an event again, under the same webhook-id", s.replayDelivery, status(202))

	s.crmRoutes()

	route(s, "POST "+site+"/kiosks", auth.KiosksWrite, "Add a kiosk; the answer holds the code to pair it with", s.createKiosk, status(201))
	route(s, "GET "+site+"/kiosks", auth.KiosksRead, "List a site's kiosks", s.listKiosks)
	route(s, "DELETE "+site+"/kiosks/{kiosk}", auth.KiosksWrite, "Revoke a kiosk at once", s.revokeKiosk, status(204))
	open(s, "POST /api/v1/kiosk/pair", "Make this browser a kiosk", s.pairKiosk, also(401, 429),
		about("With the code that staff were shown. Sets the kiosk's cookie and ends whoever was signed in here."))
	s.kioskRoutes()
	s.rollRoutes()
	s.guestRoutes()

	route(s, "POST /api/v1/users", auth.UsersWrite, "Add a user", s.createUser, status(201))
	route(s, "GET /api/v1/users", auth.UsersRead, "List users, newest first", s.listUsers)
	route(s, "GET /api/v1/users/{user}", auth.UsersRead, "Read a user", s.readUser)
	route(s, "PATCH /api/v1/users/{user}", auth.UsersWrite, "Change a user; ends their logins unless only name or language changed", s.changeUser)
	route(s, "DELETE /api/v1/users/{user}", auth.UsersWrite, "Disable a user; ends their logins", s.disableUser, status(204), also(409))
	route(s, "POST /api/v1/users/{user}/erase", auth.UsersWrite, "Disable a user and erase what is personal of them", s.eraseUser, status(204))
	route(s, "DELETE /api/v1/users/{user}/logins", auth.UsersWrite, "Sign a user out everywhere", s.endLogins, status(204))
	route(s, "DELETE /api/v1/users/{user}/totp", auth.UsersWrite, "Switch off a lost second factor", s.resetTOTP, status(204), also(409))
	route(s, "GET /api/v1/roles", anybody, "The roles and what they may do", s.listRoles)

	open(s, "GET /api/v1/login", "How to sign in here", s.loginWays)
	open(s, "POST /api/v1/login", "Sign in", s.login,
		about("401 totp_required: the password is right, and a code is asked for; send all of it again with the code."))
	open(s, "POST /api/v1/logout", "Sign out", s.logout, status(204))
	open(s, "POST /api/v1/password-reset", "Ask for a link to choose a password", s.askReset, status(204), also(429),
		about("Answers the same, after the same time, whether or not anybody has the address. The link is mailed, and good for 30 minutes."))
	open(s, "POST /api/v1/password-reset/confirm", "Choose a password by the link's token", s.reset, status(204), also(404, 410, 429),
		about("Once. Ends all logins of the user and signs nobody in."))
	open(s, "GET /api/v1/oidc/start", "Sign in at the organisation's own provider", s.signOnStart, redirect, also(404, 429))
	open(s, "GET /api/v1/oidc/callback", "Come back from there", s.signOnReturn, redirect, also(404))
	route(s, "GET /api/v1/me", anybody, "Who am I and what may I do", s.me)
	route(s, "PATCH /api/v1/me", anybody, "Change one's name and language", s.changeMe)
	route(s, "POST /api/v1/me/password", anybody, "Change one's password; ends all other logins", s.changePassword, status(204))
	route(s, "POST /api/v1/me/totp", anybody, "Begin a second factor; the answer is the only one that holds its secret", s.beginTOTP)
	route(s, "POST /api/v1/me/totp/confirm", anybody, "Switch the second factor on by its first code", s.confirmTOTP)
	route(s, "POST /api/v1/me/totp/remove", anybody, "Switch the second factor off", s.removeTOTP, status(204))
	s.socket("GET /api/v1/live", auth.VisitsRead, "Follow what happens")

	s.guestPages("/v/:token")
	s.portalPages("/portal/:portal")

	open(s, "GET /healthz", "The process runs", s.healthz)
	open(s, "GET /readyz", "Requests can be served", s.readyz)
	open(s, "GET /version", "What runs here", s.version)
}

// peopleRoutes are about what is held of people, how long, and who may know.
func (s *Server) peopleRoutes() {
	const site, person, request = "/api/v1/sites/{site}/retention", "/api/v1/people/{person}", "/api/v1/lawful-requests/{request}"

	route(s, "GET "+site, auth.SitesRead, "How long a site keeps what", s.readRetention)
	route(s, "PUT "+site, auth.SitesWrite, "Say how long a site keeps what", s.setRetention,
		about("What is not said is the profile's. It holds from the next night's purge on."))

	route(s, "GET /api/v1/people", auth.PeopleRead, "List people, the newest first", s.listPeople, refuses(404))
	route(s, "GET "+person, auth.PeopleRead, "Read a person with their visits", s.readPerson)
	route(s, "PATCH "+person, auth.PeopleWrite, "Mend what is known of a person", s.changePerson,
		about("Visits keep what was said at the desk."))
	route(s, "GET "+person+"/export", auth.PeopleErase, "Everything held about a person; audited", s.exportPerson, jsonFile)
	route(s, "DELETE "+person, auth.PeopleErase, "Erase a person", s.erasePerson, status(202), refuses(409),
		about("Here they are gone when this answers; the CRM follows, see the erasure. Refused while they may be in a building: check them out, or confirm that they left."))
	route(s, "GET /api/v1/erasures", auth.PeopleErase, "List erasures, the newest first", s.listErasures)
	route(s, "GET /api/v1/erasures/{erasure}", auth.PeopleErase, "How far an erasure is", s.readErasure)
	route(s, "POST /api/v1/erasures/{erasure}/retry", auth.PeopleErase, "Have the CRM asked again", s.retryErasure)

	route(s, "POST /api/v1/lawful-requests", auth.LawfulRequest, "Ask which visit had an address at an instant", s.askLawful, status(201), refuses(404),
		about("For an authority's request. It takes a member of staff who is signed in, and another one to approve it; it expires after 30 days."))
	route(s, "GET /api/v1/lawful-requests", auth.LawfulRead, "List lawful requests, the newest first", s.listLawful)
	route(s, "GET "+request, auth.LawfulRead, "Read a lawful request; once approved, whoever asked gets the answer; audited", s.readLawful)
	route(s, "POST "+request+"/approve", auth.LawfulApprove, "Approve another person's lawful request", s.approveLawful, refuses(410))
	route(s, "POST "+request+"/deny", auth.LawfulApprove, "Deny another person's lawful request", s.denyLawful, refuses(410))
}

// kioskRoutes are all that a screen in the lobby may do. Each is about its one site,
// and about a visit that whoever stands before it holds something of.
func (s *Server) kioskRoutes() {
	route(s, "GET /api/v1/kiosk", auth.KioskUse, "What a kiosk shows before anybody stands before it", s.kioskScreen)
	route(s, "POST /api/v1/kiosk/invitation", auth.KioskUse, "Show an invitation to a kiosk", s.showInvitation, status(200), also(404, 410),
		about("Answers a first name and what can be done. An invitation that is forged, or to another site, is not known."))
	route(s, "POST /api/v1/kiosk/check-in", auth.KioskUse, "Check oneself in at a kiosk", s.kioskCheckIn, status(200), also(404, 409, 410),
		about("Once. The kiosk that did it may show the answer again for 120 seconds; afterwards, and to others, it is already_checked_in. "+
			"Where the site has rules, the version in force must be accepted: rules_changed otherwise."))
	route(s, "POST /api/v1/kiosk/walk-in", auth.VisitsWalkIn, "Register oneself at a kiosk and be checked in", s.walkIn, status(201), also(404, 409, 410),
		about("Where kiosk and site allow it. Rules and repeats are as for check-in."))
	route(s, "POST /api/v1/kiosk/check-out", auth.KioskUse, "Check oneself out at a kiosk", s.kioskCheckOut, status(204), also(404, 410),
		about("By the invitation, or by the user name of the WiFi credentials. Who is not here is not known, whatever the reason."))
}

// crmRoutes are about customers' CRMs and what visits become there.
func (s *Server) crmRoutes() {
	const accounts, account, site = "/api/v1/crm/accounts", "/api/v1/crm/accounts/{account}", "/api/v1/sites/{site}/crm"

	route(s, "POST "+accounts, auth.CRMWrite, "Add a CRM account; its credentials are not shown again", s.createCRMAccount, status(201))
	route(s, "GET "+accounts, auth.CRMRead, "List CRM accounts", s.listCRMAccounts)
	route(s, "GET "+account, auth.CRMRead, "Read a CRM account", s.readCRMAccount)
	route(s, "PATCH "+account, auth.CRMWrite, "Change a CRM account", s.changeCRMAccount)
	route(s, "DELETE "+account, auth.CRMWrite, "Remove a CRM account that no site uses", s.deleteCRMAccount, status(204), refuses(409))
	route(s, "POST "+account+"/test", auth.CRMWrite, "Find out whether the credentials hold and the CRM is set up", s.testCRM)
	route(s, "POST "+account+"/setup", auth.CRMWrite, "Make in the CRM what visits need", s.setupCRM)
	route(s, "GET "+account+"/syncs", auth.CRMRead, "List what became of visits, newest first", s.listCRMSyncs)
	route(s, "POST "+account+"/retry", auth.CRMWrite, "Hand over again what needs attention, at most 100 at a time", s.retryCRMs)

	route(s, "GET "+site, auth.CRMRead, "Where a site's visits go", s.readSiteCRM)
	route(s, "PUT "+site, auth.CRMWrite, "Say where a site's visits go, and what of them", s.setSiteCRM, refuses(404))
	route(s, "DELETE "+site, auth.CRMWrite, "Keep a site's visits here", s.removeSiteCRM, status(204))
	route(s, "POST /api/v1/visits/{id}/crm/retry", auth.CRMWrite, "Hand a visit to the CRM now", s.retryCRM,
		about("For an ended visit. What was written already is not written again."))
}

// anybody who is signed in.
const anybody auth.Permission = ""

// route declares a route that needs a permission.
func route[I, O any](s *Server, at string, permission auth.Permission, summary string,
	handle func(context.Context, *I) (*O, error), options ...func(*huma.Operation),
) {
	op := guarded(at, permission, summary)
	op.Middlewares = huma.Middlewares{s.guard(permission)}
	register(s, op, true, handle, options)
}

// open declares a route that anybody may call.
func open[I, O any](s *Server, at, summary string, handle func(context.Context, *I) (*O, error), options ...func(*huma.Operation)) {
	op := operation(at, summary)
	op.Security = []map[string][]string{{}}
	op.Middlewares = huma.Middlewares{bounded}
	register(s, op, false, handle, options)
}

// socket declares the route of the WebSocket.
func (s *Server) socket(at string, permission auth.Permission, summary string) {
	op := guarded(at, permission, summary)
	s.engine.Handle(op.Method, op.Path, s.live(permission))
	op.Responses = problems(&op, true, false)
	documentSocket(s.api, &op)
}

// csvFile documents an answer that is no JSON.
func csvFile(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

// large lets a request be larger than others.
func large(op *huma.Operation) { op.MaxBodyBytes = maxBatchBody }

// csvBody documents what a body that is no JSON can be refused for.
func csvBody(op *huma.Operation) {
	op.RequestBody = &huma.RequestBody{
		Required: true, Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
	also(http.StatusBadRequest, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge)(op)
}

// refuses documents answers that the method alone does not suggest.
func refuses(codes ...int) func(*huma.Operation) {
	return func(op *huma.Operation) {
		for _, code := range codes {
			op.Responses[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/Problem"}
		}
	}
}

// jsonFile documents a JSON answer that is composed elsewhere.
func jsonFile(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}},
	}
}

// redirect documents an answer that sends the browser elsewhere. Providers add
// parameters of their own to the address that they send it back to.
func redirect(op *huma.Operation) {
	op.DefaultStatus = http.StatusFound
	op.RejectUnknownQueryParameters = false
}

// also adds problems that cannot be seen from a route's method and path.
func also(codes ...int) func(*huma.Operation) {
	return func(op *huma.Operation) {
		for _, code := range codes {
			op.Responses[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/Problem"}
		}
	}
}

func about(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = text }
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func guarded(at string, permission auth.Permission, summary string) huma.Operation {
	op := operation(at, summary)
	if permission != anybody {
		op.Extensions = map[string]any{"x-permission": permission}
	}
	return op
}

func operation(at, summary string) huma.Operation {
	method, path, _ := strings.Cut(at, " ")
	return huma.Operation{
		Method: method, Path: path, Summary: summary, OperationID: operationID(method, path),
		Tags: []string{tagOf(path)}, MaxBodyBytes: maxBody, RejectUnknownQueryParameters: true,
	}
}

// operationID turns "POST /api/v1/visits/{id}/check-in" into
// "post-visits-id-check-in".
func operationID(method, path string) string {
	path = strings.TrimPrefix(path, "/api/v1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(path)
}

// register adds the operation with a handler whose errors become problems.
func register[I, O any](s *Server, op huma.Operation, guarded bool, handle func(context.Context, *I) (*O, error), options []func(*huma.Operation)) {
	_, body := reflect.TypeFor[I]().FieldByName("Body")
	op.Responses = problems(&op, guarded, body)
	for _, option := range options {
		option(&op)
	}
	part := "body."
	if op.Method == http.MethodGet {
		part = "query."
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			return out, nil
		}
		p := problemOf(ctx, s.Logger, err)
		for i := range p.Errors {
			p.Errors[i].Location = part + p.Errors[i].Location
		}
		return nil, p
	})
}
