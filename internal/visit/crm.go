package visit

import (
	"slices"
	"strings"
	"time"
)

// CRMKind is a vendor of CRMs.
type CRMKind string

// The vendors.
const (
	HubSpot    CRMKind = "hubspot"
	Salesforce CRMKind = "salesforce"
	Dynamics   CRMKind = "dynamics"
	Pipedrive  CRMKind = "pipedrive"
)

// CRMKinds lists the vendors.
func CRMKinds() []CRMKind { return []CRMKind{HubSpot, Salesforce, Dynamics, Pipedrive} }

// CRMSettings say where an account is and what its own things are called there.
// They hold no secret. What is empty has the vendor's default.
type CRMSettings struct {
	BaseURL      string `json:"base_url,omitempty"`      // of the account's own host; HubSpot has one for all
	TokenURL     string `json:"token_url,omitempty"`     // where client credentials become a token
	Tenant       string `json:"tenant,omitempty"`        // Dynamics: the Entra tenant
	Version      string `json:"version,omitempty"`       // of the vendor's interface
	VisitField   string `json:"visit_field,omitempty"`   // the property that holds a visit's id
	VisitorField string `json:"visitor_field,omitempty"` // the property that holds a visitor's key
}

// Elsewhere reports whether credentials would be sent to another address.
func (s CRMSettings) Elsewhere(other CRMSettings) bool {
	return s.BaseURL != other.BaseURL || s.TokenURL != other.TokenURL || s.Tenant != other.Tenant
}

// CRMCredentials are secrets: sealed at rest, written and never shown. A vendor
// takes either a token or client credentials.
type CRMCredentials struct {
	Token        string
	ClientID     string
	ClientSecret string
}

const redactedCRM = "visit.CRMCredentials(redacted)"

// String hides the credentials.
func (CRMCredentials) String() string { return redactedCRM }

// GoString hides the credentials.
func (CRMCredentials) GoString() string { return redactedCRM }

// MarshalText hides the credentials from encoders and logs.
func (CRMCredentials) MarshalText() ([]byte, error) { return []byte(redactedCRM), nil }

// CRMAccount is a customer's CRM, used by any number of sites.
type CRMAccount struct {
	ID          CRMAccountID
	Name        string
	Kind        CRMKind
	Settings    CRMSettings
	Credentials CRMCredentials // empty where the account is only shown
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// CRMField is something of a visit that a site may choose to send. The visitor's
// e-mail address, which tells contacts apart, and the visit's times always go.
type CRMField string

// The fields.
const (
	CRMFirstName CRMField = "first_name"
	CRMLastName  CRMField = "last_name"
	CRMPhone     CRMField = "phone"
	CRMCompany   CRMField = "company"
	CRMHost      CRMField = "host"
	CRMPurpose   CRMField = "purpose"
	CRMLocation  CRMField = "location" // the site's name and address
)

// CRMFields lists the fields.
func CRMFields() []CRMField {
	return []CRMField{CRMFirstName, CRMLastName, CRMPhone, CRMCompany, CRMHost, CRMPurpose, CRMLocation}
}

// SiteCRM is what a site does with its visits.
type SiteCRM struct {
	AccountID CRMAccountID
	Kind      CRMKind
	Fields    []CRMField
}

// CRMState is where a visit stands in its site's CRM.
type CRMState string

// The states.
const (
	CRMPending        CRMState = "pending" // being tried, or to be tried again
	CRMSynced         CRMState = "synced"
	CRMSkipped        CRMState = "skipped"         // there is nothing to send; Reason says why
	CRMNeedsAttention CRMState = "needs_attention" // refused for good; somebody has to mend something
	CRMErased         CRMState = "erased"          // the person was erased, here and there
)

// Why a visit is skipped.
const (
	CRMNoEmail   = "no_email"
	CRMDoNotSync = "do_not_sync"
	CRMPurged    = "purged"
	// CRMNotConfigured: the site left the account while the visit waited.
	CRMNotConfigured = "not_configured"
)

// CRMRefs are the CRM's own ids of what was written there.
type CRMRefs struct {
	Contact string
	Visit   string // meeting, event, appointment or activity
}

// CRMSync is what became of one visit.
type CRMSync struct {
	VisitID   VisitID
	SiteID    SiteID
	AccountID CRMAccountID
	State     CRMState
	Reason    string // a code
	Refs      CRMRefs
	Fields    []CRMField // that were sent
	Attempts  int
	TriedAt   *time.Time
	SyncedAt  *time.Time
}

// CRMVisit is a visit as far as a CRM may know it: fields the site has not chosen
// are empty. It is personal data.
type CRMVisit struct {
	ID      VisitID
	Visitor Visitor
	Host    string
	Purpose string
	Site    string
	Address string
	From    time.Time
	To      time.Time
	Fields  []CRMField // chosen, and sent
}

// CRMJob is a visit on its way to its site's CRM. It is personal data.
type CRMJob struct {
	AccountID CRMAccountID // empty: the site has none
	Visit     CRMVisit
	Skip      string    // why there is nothing to send; empty: there is
	Known     *CRMSync  // what became of it so far; nil: nothing
	Since     time.Time // of the first attempt; zero: none was made
}

// Refs returns the ids that earlier attempts noted.
func (j CRMJob) Refs() CRMRefs {
	if j.Known == nil {
		return CRMRefs{}
	}
	return j.Known.Refs
}

// CRMEnd is how an attempt came out.
type CRMEnd struct {
	AccountID CRMAccountID
	State     CRMState
	Reason    string // a code
	Fields    []CRMField
}

// CRMSetup is the outcome of setting an account up.
type CRMSetup struct {
	Ready    bool        // visits can be written
	Made     []string    // what was made now
	ToDo     []string    // what an administrator has to do
	Settings CRMSettings // the account's, with the names of what was found or made
}

// NewCRMVisit takes of a visit what the site has chosen.
func NewCRMVisit(v Visit, site Site, chosen []CRMField) CRMVisit {
	out := CRMVisit{ID: v.ID, From: v.ExpectedArrival, To: v.ExpectedDeparture}
	if v.CheckedInAt != nil {
		out.From = *v.CheckedInAt
	}
	if v.EndedAt != nil {
		out.To = *v.EndedAt
	}
	if !out.To.After(out.From) {
		out.To = out.From.Add(time.Minute) // CRMs refuse what ends before it begins
	}
	out.Visitor.Email = strings.ToLower(strings.TrimSpace(v.Visitor.Email))
	for _, field := range CRMFields() {
		if slices.Contains(chosen, field) && out.take(field, v, site) {
			out.Fields = append(out.Fields, field)
		}
	}
	return out
}

// take copies one field and reports whether there was anything.
func (c *CRMVisit) take(field CRMField, v Visit, site Site) bool {
	var to *string
	var from string
	switch field {
	case CRMFirstName:
		to, from = &c.Visitor.FirstName, v.Visitor.FirstName
	case CRMLastName:
		to, from = &c.Visitor.LastName, v.Visitor.LastName
	case CRMPhone:
		to, from = &c.Visitor.Phone, v.Visitor.Phone
	case CRMCompany:
		to, from = &c.Visitor.Company, v.Visitor.Company
	case CRMHost:
		to, from = &c.Host, v.Host.Name
	case CRMPurpose:
		to, from = &c.Purpose, v.Purpose
	case CRMLocation:
		c.Address = site.Address
		to, from = &c.Site, site.Name
	default:
		return false
	}
	*to = from
	return from != ""
}

// ValidateCRMFields checks a site's choice.
func ValidateCRMFields(fields []CRMField) error {
	for _, field := range fields {
		if !slices.Contains(CRMFields(), field) {
			return Invalid("fields", "There is no such field.")
		}
	}
	return nil
}

// Refusals about CRMs.
var (
	ErrCRMAccountNotFound = Errorf(KindNotFound, "crm_account_not_found", "There is no such CRM account.")
	ErrCRMAccountInUse    = Errorf(KindConflict, "crm_account_in_use", "A site uses this CRM account.")
	ErrCRMNotConfigured   = Errorf(KindConflict, "crm_not_configured", "The visit's site has no CRM.")
	ErrCRMErased          = Errorf(KindConflict, "crm_erased", "The visitor was erased in the CRM.")
	ErrVisitNotEnded      = Errorf(KindConflict, "visit_not_ended", "The visit has not ended; it is handed to the CRM when it has.")
	// ErrCRMBusy turns away an attempt while another one is under way.
	ErrCRMBusy = &Error{Kind: KindLimited, Code: "crm_busy", Message: "The visit is being handed to the CRM.", RetryAfter: CRMBusyFor}
)

// CRMBusyFor is how long one attempt keeps others away from the same visit. It is
// longer than an attempt may take.
const CRMBusyFor = time.Minute
