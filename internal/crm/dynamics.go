package crm

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/visit"
)

// dynamics speaks to the Dataverse Web API of Dynamics 365.
// learn.microsoft.com/power-apps/developer/data-platform/webapi
type dynamics struct {
	caller
	settings visit.CRMSettings
	data     string // path of the version
}

func newDynamics(account visit.CRMAccount, o Options) *dynamics {
	return &dynamics{settings: account.Settings, data: "/api/data/" + account.Settings.Version, caller: caller{
		http: o.HTTP, base: account.Settings.BaseURL, bearer: newGrant(account, o, account.Settings.BaseURL+"/.default"),
		sign: withBearer, refusal: dynamicsRefusal,
		header: map[string]string{"OData-Version": "4.0", "OData-MaxVersion": "4.0"},
	}}
}

// SyncVisit implements Client. A PATCH of an id that does not exist makes the record,
// so that ids of our own choice make both writes repeatable. An alternate key on the
// address would do for contacts, but one with a plus sign cannot be named by it.
func (d *dynamics) SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error) {
	refs := m.Refs
	if refs.Contact == "" {
		contact, err := d.contact(ctx, v)
		if err != nil {
			return refs, err
		}
		refs.Contact = contact
		if err := m.Note(ctx, refs); err != nil {
			return refs, err
		}
	}
	refs.Visit = visitKey(v)
	appointment := map[string]any{
		"subject": cut(title(v), 200), "scheduledstart": v.From.UTC().Format(time.RFC3339), "scheduledend": v.To.UTC().Format(time.RFC3339),
		"regardingobjectid_contact@odata.bind": "/contacts(" + refs.Contact + ")",
		"appointment_activity_parties": []any{map[string]any{
			"participationtypemask":      5, // a required attendee
			"partyid_contact@odata.bind": "/contacts(" + refs.Contact + ")",
		}},
	}
	set(appointment, "location", location(v), 200)
	set(appointment, "description", description(v), 2000)
	if err := d.patch(ctx, "appointments", refs.Visit, appointment); err != nil {
		return refs, err
	}
	return refs, m.Note(ctx, refs)
}

// contact updates the customer's contact with the address, or makes one.
func (d *dynamics) contact(ctx context.Context, v visit.CRMVisit) (string, error) {
	id, err := d.find(ctx, v.Visitor.Email)
	if err != nil {
		return "", err
	}
	contact := map[string]any{}
	set(contact, "firstname", v.Visitor.FirstName, 50)
	set(contact, "lastname", v.Visitor.LastName, 50)
	set(contact, "telephone1", v.Visitor.Phone, 50)
	switch {
	case id == "":
		id = visitorKey(v)
		contact["emailaddress1"] = cut(v.Visitor.Email, 100)
		set(contact, "lastname", or(v.Visitor.LastName, v.Visitor.Email), 50)
	case len(contact) == 0:
		return id, nil
	}
	return id, d.patch(ctx, "contacts", id, contact)
}

func (d *dynamics) find(ctx context.Context, email string) (string, error) {
	var found struct {
		Value []struct {
			ID string `json:"contactid"`
		} `json:"value"`
	}
	_, err := d.call(ctx, request{method: http.MethodGet, path: d.data + "/contacts", query: url.Values{
		"$select": {"contactid"}, "$orderby": {"createdon"}, "$top": {"1"},
		"$filter": {"emailaddress1 eq '" + strings.ReplaceAll(email, "'", "''") + "'"},
	}}, &found)
	switch {
	case err != nil:
		return "", err
	case found.Value == nil: // which is not "none"
		return "", errUnreadable
	case len(found.Value) == 0:
		return "", nil
	case uuid.Validate(found.Value[0].ID) != nil:
		return "", errUnreadable
	}
	return found.Value[0].ID, nil
}

// patch makes or updates a record; Dataverse answers both with 204.
func (d *dynamics) patch(ctx context.Context, set, id string, record map[string]any) error {
	a, err := d.call(ctx, request{method: http.MethodPatch, path: d.data + "/" + set + "(" + id + ")", body: record}, nil)
	if err == nil && a.status != http.StatusNoContent {
		return errUnreadable
	}
	return err
}

func dynamicsRefusal(a answer) *visit.Error {
	var body struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if a.into(&body) != nil {
		return byStatus(a)
	}
	switch strings.ToLower(body.Error.Code) {
	case "0x80072322", "0x80072321", "0x80072326": // service protection: requests, time, at once
		return limited(a, time.Minute)
	case "0x80040217": // the record does not exist
		return errNotFound
	case "0x80040237", "0x80040333", "0x80060892": // duplicates, by a key or by a rule
		return errDuplicates
	case "0x80040220", "0x80048306", "0x80042f09": // a privilege is missing
		return errForbidden
	case "0x80040216", "0x8004e23d": // unexpected, or the database does not answer in time
		return after(errUnavailable, a, 0)
	}
	if a.status == http.StatusBadRequest {
		return errField
	}
	return byStatus(a)
}

// Check implements Client: credentials, and the right to both tables.
func (d *dynamics) Check(ctx context.Context) error {
	for table, id := range map[string]string{"contacts": "contactid", "appointments": "activityid"} {
		query := url.Values{"$select": {id}, "$top": {"1"}}
		if _, err := d.call(ctx, request{method: http.MethodGet, path: d.data + "/" + table, query: query}, &struct{}{}); err != nil {
			return err
		}
	}
	return nil
}

// Setup implements Client: nothing has to be made.
func (d *dynamics) Setup(ctx context.Context) (visit.CRMSetup, error) {
	err := d.Check(ctx)
	return visit.CRMSetup{Ready: err == nil, Settings: d.settings}, err
}

// Erase implements Client.
func (d *dynamics) Erase(ctx context.Context, contact string, visits []string) error {
	remove := func(table string) func(id string) error {
		return func(id string) error {
			_, err := d.call(ctx, request{method: http.MethodDelete, path: d.data + "/" + table + "(" + url.PathEscape(id) + ")"}, nil)
			return err
		}
	}
	return erase(contact, visits, remove("appointments"), remove("contacts"))
}
