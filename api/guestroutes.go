package api

import "github.com/foyerhq/foyer/internal/auth"

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
}
