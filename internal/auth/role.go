package auth

import "slices"

// Role is a named set of permissions that staff are given. Which sites it covers
// is the user's, not the role's.
type Role string

// The roles.
const (
	Administrator Role = "administrator" // everything that a person does
	SiteManager   Role = "site_manager"  // runs sites: their equipment, visits and guests
	Reception     Role = "reception"     // handles visits at the desk
	Host          Role = "host"          // invites visitors and sees their own
	Cashier       Role = "cashier"       // makes and sells roll codes
	Auditor       Role = "auditor"       // reads the trail, changes nothing
	Kiosk         Role = "kiosk"         // a self-service screen in the lobby
)

var roles = map[Role][]Permission{
	Administrator: slices.DeleteFunc(slices.Clone(everyPermission), func(p Permission) bool { return slices.Contains(atKiosk, p) }),
	SiteManager: {
		SitesRead, SitesWrite, AgentsRead, AgentsWrite, NASesRead, NASesWrite,
		VisitsRead, VisitsWrite, VisitsCheckIn, VisitsCheckOut, VisitsTerminate, VouchersReveal, VouchersReissue,
		KiosksRead, KiosksWrite, EvacuationRead, EvacuationWrite, AuditRead, EventsRead, PeopleRead, PeopleWrite, PeopleErase, LawfulRequest, LawfulRead,
		CRMRead, WebhooksRead,
		RollsRead, RollsWrite, RollsMake, RollsPrint, RollsTest, RollsExpire, RollsSell, RollsSync,
		AccountsRead, AccountsWrite, AuthenticationsRead, AuthenticationsWrite, ProfilesRead, PortalsRead, PortalsWrite,
	},
	Reception: {
		SitesRead, AgentsRead,
		VisitsRead, VisitsWrite, VisitsCheckIn, VisitsCheckOut, VisitsTerminate, VouchersReveal, VouchersReissue,
		EvacuationRead, EvacuationWrite, PeopleRead,
		AccountsRead, AccountsWrite, AuthenticationsRead, AuthenticationsWrite, ProfilesRead,
	},
	Host:    {SitesRead, VisitsRead, VisitsWrite},
	Cashier: {SitesRead, RollsRead, RollsMake, RollsPrint, RollsTest, RollsExpire, RollsSell},
	Auditor: {SitesRead, AuditRead, EventsRead, LawfulApprove, LawfulRead, AccountsRead, AuthenticationsRead, ProfilesRead, PortalsRead},
	Kiosk:   {KioskUse}, // and VisitsWalkIn, where its site and it allow that
}

// descriptions say what a role is for.
var descriptions = map[Role]string{
	Administrator: "May everything at all sites that the user has, the settings of the deployment included.",
	SiteManager:   "Runs sites: their equipment, kiosks, visits and guests.",
	Reception:     "Handles visits and guests' accounts at the desk, and the evacuation list.",
	Host:          "Invites visitors and sees the visits to themselves only.",
	Cashier:       "Makes, prints, sells, tests and expires roll codes; changes no roll and sees no visitor.",
	Auditor:       "Reads the audit trail and guests' accounts, and decides on lawful requests; sees no visit.",
	Kiosk:         "A screen in the lobby: checks in and out who stands before it at its one site, and shows nobody else.",
}

// Description says in English what the role is for.
func (r Role) Description() string { return descriptions[r] }

// Staff reports whether people can have the role. A kiosk's is for screens, which
// are paired.
func (r Role) Staff() bool { return r.Known() && r != Kiosk }

// Known reports whether r is a role.
func (r Role) Known() bool {
	_, ok := roles[r]
	return ok
}

// Permissions returns the role's set, empty for what is no role.
func (r Role) Permissions() Permissions { return NewPermissions(roles[r]...) }

// Roles lists the roles in order of name.
func Roles() []Role {
	list := make([]Role, 0, len(roles))
	for role := range roles {
		list = append(list, role)
	}
	slices.Sort(list)
	return list
}
