package api

import (
	"strings"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/sheet"
)

// guestRoutes are about guests of captive portals: profiles, templates and portals,
// and accounts and authentications.
func (s *Server) guestRoutes() {
	const profile, template, portals = "/api/v1/profiles/{profile}", "/api/v1/templates/{template}", "/api/v1/sites/{site}/portals"
	const consents, portal = template + "/consents", portals + "/{portal}"

	route(s, "POST /api/v1/profiles", auth.ProfilesWrite, "Add a profile: how long accounts are good", s.createProfile, status(201),
		about("Profiles and templates are of all sites: who does not see all of them may not change any."))
	route(s, "GET /api/v1/profiles", auth.ProfilesRead, "List profiles", s.listProfiles)
	route(s, "GET "+profile, auth.ProfilesRead, "Read a profile", s.readProfile)
	route(s, "PATCH "+profile, auth.ProfilesWrite, "Change a profile; its accounts' ends follow", s.changeProfile,
		about("Accounts whose end staff have set stay. Authentications become shorter where they must, and never longer. "+
			"409 lifetime_exceeds_profile where a template's lifetime would be longer than its accounts are good."))
	route(s, "DELETE "+profile, auth.ProfilesWrite, "Remove a profile that nothing uses", s.deleteProfile, status(204), also(409))

	route(s, "POST /api/v1/templates", auth.PortalsWrite, "Add a template: a portal's page and policy", s.createTemplate, status(201), also(404, 409))
	route(s, "GET /api/v1/templates", auth.PortalsRead, "List templates", s.listTemplates)
	route(s, "GET "+template, auth.PortalsRead, "Read a template", s.readTemplate)
	route(s, "PATCH "+template, auth.PortalsWrite, "Change a template", s.changeTemplate,
		about("Authentications that are good keep their end."))
	route(s, "DELETE "+template, auth.PortalsWrite, "Remove a template that no portal uses", s.deleteTemplate, status(204), also(409))
	route(s, "GET "+template+"/preview", auth.PortalsRead, "See a template's page as guests do", s.previewTemplate, htmlPage)
	route(s, "GET "+consents, auth.PortalsRead, "What a template's guests agree to", s.listConsents)
	route(s, "GET "+consents+"/{kind}", auth.PortalsRead, "Read one of the texts, of any version", s.readConsent)
	route(s, "PUT "+consents+"/{kind}", auth.PortalsWrite, "Say what guests agree to with one tick", s.setConsent,
		about("Another text is another version, to which guests agree anew. Older ones are kept."))

	route(s, "POST "+portals, auth.PortalsWrite, "Add a portal", s.createPortal, status(201))
	route(s, "GET "+portals, auth.PortalsRead, "List a site's portals", s.listPortals)
	route(s, "GET "+portal, auth.PortalsRead, "Read a portal", s.readPortal)
	route(s, "PATCH "+portal, auth.PortalsWrite, "Change a portal", s.changePortal)
	route(s, "DELETE "+portal, auth.PortalsWrite, "Remove a portal; who was let in stays so until their time is over", s.deletePortal, status(204))
	route(s, "GET "+portal+"/setup", auth.PortalsRead, "What to set at the device", s.setupPortal)
	route(s, "GET /api/v1/portal-vendors", auth.PortalsRead, "The devices that portals can be for", s.listVendors)

	const accounts, account = "/api/v1/accounts", "/api/v1/accounts/{account}"
	route(s, "POST "+accounts, auth.AccountsWrite, "Make an account for a guest", s.createAccount, status(201), also(404, 409, 410),
		about("The login counts as proven: staff know whose it is. A password is shown once."))
	route(s, "GET "+accounts, auth.AccountsRead, "List guests' accounts", s.listAccounts, also(404))
	route(s, "GET "+accounts+".csv", auth.AccountsRead, "The same as CSV; audited", s.exportAccounts, csvFile, also(404, 429))
	route(s, "POST "+accounts+"/import", auth.AccountsWrite, "Make up to 500 accounts from a spreadsheet's CSV", s.importAccounts, large, csvBody, also(404),
		about("UTF-8, parted by commas or semicolons; the first line names the columns: "+strings.Join(sheet.AccountColumns, ", ")+". "+
			"Each row needs an e-mail address, or a phone number with its country code. Days and times are ISO 8601, by the clock at the site where they have no zone; "+
			"an end that is a day includes it. Accounts that are there are skipped unless update is said. No passwords are made."))
	route(s, "GET "+account, auth.AccountsRead, "Read an account with all that belongs to it", s.readAccount)
	route(s, "PATCH "+account, auth.AccountsWrite, "Change an account", s.changeAccount, also(410),
		about("An end that comes earlier ends authentications with it, at once where it has passed. One that comes later is for the next authentication."))
	route(s, "POST "+account+"/block", auth.AccountsWrite, "Shut a guest out at once", s.blockAccount, also(410),
		about("Ends all authentications and forgets all browsers. A repeat changes nothing."))
	route(s, "POST "+account+"/unblock", auth.AccountsWrite, "Let a guest log in again", s.unblockAccount, also(410))
	route(s, "POST "+account+"/password", auth.AccountsWrite, "Draw another password; the answer is the only one that holds it", s.resetAccountPassword, also(410))
	route(s, "POST "+account+"/same-person", auth.AccountsWrite, "Say that a visitor is this guest; the visits become theirs", s.samePerson, also(410))
	route(s, "GET "+account+"/decisions", auth.AuthenticationsRead, "Why a guest was let in or not, newest first", s.accountDecisions)

	const authentications, authentication = "/api/v1/authentications", "/api/v1/authentications/{authentication}"
	route(s, "GET "+authentications, auth.AuthenticationsRead, "List guests' authentications, newest first", s.listAuthentications, also(404))
	route(s, "GET "+authentications+".csv", auth.AuthenticationsRead, "The same as CSV; audited", s.exportAuthentications, csvFile, also(404, 429))
	route(s, "GET "+authentications+"/count", auth.AuthenticationsRead, "How many authentications are green now", s.countAuthentications, also(404))
	route(s, "GET "+authentication, auth.AuthenticationsRead, "Read an authentication with its sessions", s.readAuthentication)
	route(s, "POST "+authentication+"/end", auth.AuthenticationsWrite, "End an authentication now", s.endAuthentication, status(204),
		about("Its sessions are being ended; see its terminations. A recognised device may log in again: block the account to keep the guest away. A repeat changes nothing."))
	route(s, "GET /api/v1/sites/{site}/portal-decisions", auth.AuthenticationsRead, "Why guests were let in or not, newest first", s.listDecisions)
}
