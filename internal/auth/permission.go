package auth

import (
	"fmt"
	"maps"
	"slices"
)

// Permission is the right to make a kind of call. Names are stored and shown.
type Permission string

// The permissions, by the calls that need them.
const (
	SitesRead  Permission = "sites.read"  // list and read sites
	SitesWrite Permission = "sites.write" // create, change, archive sites

	AgentsRead  Permission = "agents.read"
	AgentsWrite Permission = "agents.write" // enrol and withdraw agents
	NASesRead   Permission = "nases.read"
	NASesWrite  Permission = "nases.write"

	VisitsRead      Permission = "visits.read"      // lists, details, live screens
	VisitsWrite     Permission = "visits.write"     // register, change, cancel, extend
	VisitsCheckIn   Permission = "visits.checkin"   // check in, readmit
	VisitsCheckOut  Permission = "visits.checkout"  // check out, confirm left
	VisitsWalkIn    Permission = "visits.walkin"    // at a kiosk: register oneself and be checked in
	KioskUse        Permission = "kiosk.use"        // at a kiosk: show an invitation, check oneself in and out
	VisitsTerminate Permission = "visits.terminate" // retry ending sessions now, disconnect one device
	VouchersReveal  Permission = "vouchers.reveal"  // see a password after check-in
	VouchersReissue Permission = "vouchers.reissue"

	KiosksRead  Permission = "kiosks.read"
	KiosksWrite Permission = "kiosks.write" // pair and revoke kiosks

	EvacuationRead  Permission = "evacuation.read"
	EvacuationWrite Permission = "evacuation.write" // roll calls and marks

	WorkflowsRead Permission = "workflows.read" // be led to visits' workflows in the Temporal UI

	AuditRead  Permission = "audit.read" // read and verify
	EventsRead Permission = "events.read"

	TokensRead    Permission = "tokens.read"
	TokensWrite   Permission = "tokens.write"
	UsersRead     Permission = "users.read"
	UsersWrite    Permission = "users.write"
	WebhooksRead  Permission = "webhooks.read"
	WebhooksWrite Permission = "webhooks.write"
	CRMRead       Permission = "crm.read"
	CRMWrite      Permission = "crm.write"

	PeopleRead    Permission = "people.read"
	PeopleWrite   Permission = "people.write"
	PeopleErase   Permission = "people.erase"   // export all of a person, erase a person
	LawfulRequest Permission = "lawful.request" // ask who had an address; a second person decides
	LawfulApprove Permission = "lawful.approve"
	LawfulRead    Permission = "lawful.read" // see requests; the answer is for who asked
	RollsRead     Permission = "rolls.read"  // zones, rolls, what is in use; no codes
	RollsWrite    Permission = "rolls.write" // zones, keys; change and delete rolls
	RollsMake     Permission = "rolls.make"
	RollsPrint    Permission = "rolls.print" // see codes
	RollsTest     Permission = "rolls.test"
	RollsExpire   Permission = "rolls.expire"
	RollsSell     Permission = "rolls.sell"
	RollsSync     Permission = "rolls.sync" // another deployment with the same zones: hands over keys, rolls and uses

	AccountsRead         Permission = "accounts.read" // guests' identities
	AccountsWrite        Permission = "accounts.write"
	AuthenticationsRead  Permission = "authentications.read"  // guests' logins, and why they were let in or not
	AuthenticationsWrite Permission = "authentications.write" // end one
	ProfilesRead         Permission = "profiles.read"
	ProfilesWrite        Permission = "profiles.write"
	PortalsRead          Permission = "portals.read" // templates too
	PortalsWrite         Permission = "portals.write"
)

var everyPermission = []Permission{
	SitesRead, SitesWrite, AgentsRead, AgentsWrite, NASesRead, NASesWrite,
	VisitsRead, VisitsWrite, VisitsCheckIn, VisitsCheckOut, VisitsWalkIn, KioskUse, VisitsTerminate, VouchersReveal, VouchersReissue,
	KiosksRead, KiosksWrite, EvacuationRead, EvacuationWrite, WorkflowsRead, AuditRead, EventsRead,
	TokensRead, TokensWrite, UsersRead, UsersWrite, WebhooksRead, WebhooksWrite, CRMRead, CRMWrite,
	PeopleRead, PeopleWrite, PeopleErase, LawfulRequest, LawfulApprove, LawfulRead,
	RollsRead, RollsWrite, RollsMake, RollsPrint, RollsTest, RollsExpire, RollsSell, RollsSync,
	AccountsRead, AccountsWrite, AuthenticationsRead, AuthenticationsWrite, ProfilesRead, ProfilesWrite, PortalsRead, PortalsWrite,
}

// atKiosk is what a screen in the lobby is for, and no person.
var atKiosk = []Permission{KioskUse, VisitsWalkIn}

// Permissions is a set. The zero value holds none.
type Permissions map[Permission]struct{}

// NewPermissions makes a set.
func NewPermissions(list ...Permission) Permissions {
	set := make(Permissions, len(list))
	for _, permission := range list {
		set[permission] = struct{}{}
	}
	return set
}

// EveryPermission is the set of all there are.
func EveryPermission() Permissions { return NewPermissions(everyPermission...) }

// ParsePermissions reads names as sent. A name that is none is an error: a misspelt
// permission must not look granted.
func ParsePermissions(names []string) (Permissions, error) {
	set := make(Permissions, len(names))
	for _, name := range names {
		if !slices.Contains(everyPermission, Permission(name)) {
			return nil, fmt.Errorf("auth: no such permission: %.40q", name)
		}
		set[Permission(name)] = struct{}{}
	}
	return set, nil
}

// StoredPermissions reads names as stored, and passes over those of permissions that
// there were once: they allow nothing.
func StoredPermissions(names []string) Permissions {
	set := make(Permissions, len(names))
	for _, name := range names {
		if permission := Permission(name); slices.Contains(everyPermission, permission) {
			set[permission] = struct{}{}
		}
	}
	return set
}

// Has reports whether the set holds a permission.
func (p Permissions) Has(permission Permission) bool {
	_, ok := p[permission]
	return ok
}

// Within reports whether other holds every permission of the set.
func (p Permissions) Within(other Permissions) bool {
	for permission := range p {
		if !other.Has(permission) {
			return false
		}
	}
	return true
}

// Names returns the names in order, for storing and showing.
func (p Permissions) Names() []string {
	names := make([]string, 0, len(p))
	for _, permission := range slices.Sorted(maps.Keys(p)) {
		names = append(names, string(permission))
	}
	return names
}
