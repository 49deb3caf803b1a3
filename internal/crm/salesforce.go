package crm

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// salesforce speaks to Salesforce's REST interface.
// developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest
type salesforce struct {
	caller
	settings visit.CRMSettings
	data     string // path of the version
}

func newSalesforce(account visit.CRMAccount, o Options) *salesforce {
	return &salesforce{settings: account.Settings, data: "/services/data/" + account.Settings.Version, caller: caller{
		http: o.HTTP, base: account.Settings.BaseURL, bearer: newGrant(account, o, ""), sign: withBearer, refusal: salesforceRefusal,
	}}
}

// longestEvent is what Salesforce lets an event last.
const longestEvent = 14 * 24 * time.Hour

// SyncVisit implements Client: contact and event in one composite call, all or
// none, both by external ids, so that repeating it changes nothing. A contact that
// the customer has by that address already is used instead of a second one.
func (s *salesforce) SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error) {
	refs := m.Refs
	var err error
	if refs.Contact == "" {
		if refs.Contact, err = s.find(ctx, v.Visitor.Email); err != nil {
			return refs, err
		}
	}
	contact := map[string]any{}
	set(contact, "FirstName", v.Visitor.FirstName, 40)
	set(contact, "LastName", v.Visitor.LastName, 80)
	set(contact, "Phone", v.Visitor.Phone, 40)
	at, who := s.data+"/sobjects/Contact/"+url.PathEscape(refs.Contact), refs.Contact
	if refs.Contact == "" {
		at, who = s.data+"/sobjects/Contact/"+s.settings.VisitorField+"/"+visitorKey(v), "@{contact.id}"
		contact["Email"] = v.Visitor.Email
		set(contact, "LastName", or(v.Visitor.LastName, v.Visitor.Email), 80) // required
	}
	var parts []subrequest
	if len(contact) > 0 {
		parts = append(parts, subrequest{http.MethodPatch, at, "contact", contact})
	}
	event := s.data + "/sobjects/Event/" + s.settings.VisitField + "/" + url.PathEscape(string(v.ID))
	ids, err := s.composite(ctx, append(parts, subrequest{http.MethodPatch, event, "event", salesforceEvent(v, who)}))
	if err != nil {
		return refs, err
	}
	refs = visit.CRMRefs{Contact: or(refs.Contact, ids["contact"]), Visit: ids["event"]}
	if refs.Contact == "" || refs.Visit == "" {
		return refs, errUnreadable
	}
	return refs, m.Note(ctx, refs)
}

func salesforceEvent(v visit.CRMVisit, who string) map[string]any {
	to := v.To
	if latest := v.From.Add(longestEvent); to.After(latest) {
		to = latest
	}
	event := map[string]any{
		"WhoId": who, "Subject": cut(title(v), 255), "StartDateTime": v.From.UTC().Format(time.RFC3339), "EndDateTime": to.UTC().Format(time.RFC3339),
	}
	set(event, "Location", location(v), 255)
	set(event, "Description", description(v), 4000)
	return event
}

type records struct {
	Records []struct {
		ID string `json:"Id"`
	} `json:"records"`
}

// find returns the oldest contact with the address, if there is one.
func (s *salesforce) find(ctx context.Context, email string) (string, error) {
	const where = "SELECT Id FROM Contact WHERE Email = '%' ORDER BY CreatedDate LIMIT 1"
	found, err := s.query(ctx, strings.Replace(where, "%", quoteSOQL.Replace(email), 1))
	if err != nil || len(found.Records) == 0 {
		return "", err
	}
	if found.Records[0].ID == "" {
		return "", errUnreadable
	}
	return found.Records[0].ID, nil
}

var quoteSOQL = strings.NewReplacer(`\`, `\\`, `'`, `\'`)

func (s *salesforce) query(ctx context.Context, soql string) (found records, err error) {
	_, err = s.call(ctx, request{method: http.MethodGet, path: s.data + "/query", query: url.Values{"q": {soql}}}, &found)
	if err == nil && found.Records == nil {
		return found, errUnreadable // which is not "none"
	}
	return found, err
}

type subrequest struct {
	Method      string         `json:"method"`
	URL         string         `json:"url"`
	ReferenceID string         `json:"referenceId"`
	Body        map[string]any `json:"body"`
}

// composite runs the requests in one transaction and returns the ids of what was
// made or, since version 46, updated; an update by id answers with none. The answer
// is 200 whatever became of the parts.
func (s *salesforce) composite(ctx context.Context, parts []subrequest) (map[string]string, error) {
	var answered struct {
		Parts []struct {
			Body   rawJSON `json:"body"`
			Status int     `json:"httpStatusCode"`
		} `json:"compositeResponse"`
	}
	body := map[string]any{"allOrNone": true, "compositeRequest": parts}
	a, err := s.call(ctx, request{method: http.MethodPost, path: s.data + "/composite", body: body}, &answered)
	switch {
	case err != nil:
		return nil, err
	case len(answered.Parts) != len(parts):
		return nil, errUnreadable
	}
	ids := map[string]string{} // by reference
	var halted error
	for i, part := range answered.Parts {
		inner := answer{status: part.Status, header: a.header, body: part.Body}
		if !inner.ok() {
			refusal := salesforceRefusal(inner)
			if refusal != errHalted {
				return nil, refusal
			}
			halted = errUnreadable // unless another part says why
			continue
		}
		var made struct {
			ID string `json:"id"`
		}
		if part.Status != http.StatusNoContent && inner.into(&made) != nil {
			return nil, errUnreadable
		}
		ids[parts[i].ReferenceID] = made.ID
	}
	return ids, halted
}

// rawJSON is a part of an answer, kept for later.
type rawJSON []byte

// UnmarshalJSON implements json.Unmarshaler.
func (r *rawJSON) UnmarshalJSON(text []byte) error {
	*r = append((*r)[:0], text...)
	return nil
}

// errHalted is a part that was rolled back because another one failed.
var errHalted = visit.Errorf(visit.KindConflict, "crm_conflict", "Another part of the request failed.")

func salesforceRefusal(a answer) *visit.Error {
	if a.status == http.StatusMultipleChoices {
		return errDuplicates // a list of the records that match
	}
	var list []struct {
		Code string `json:"errorCode"`
	}
	if a.status >= 500 || a.into(&list) != nil || len(list) == 0 {
		return byStatus(a)
	}
	switch code := list[0].Code; code {
	case "PROCESSING_HALTED":
		return errHalted
	case "REQUEST_LIMIT_EXCEEDED": // of a day, in a window that rolls
		return limited(a, 15*time.Minute)
	case "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT":
		return after(errUnavailable, a, 5*time.Second)
	case "DUPLICATES_DETECTED", "DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID":
		return errDuplicates
	case "INVALID_FIELD", "INVALID_TYPE", "INVALID_FIELD_FOR_INSERT_UPDATE":
		return errSetup // the fields are ours: they are missing, or the user may not see them
	case "ENTITY_IS_DELETED", "NOT_FOUND":
		return errNotFound
	case "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED":
		return errForbidden
	default:
		if strings.HasPrefix(code, "INSUFFICIENT_ACCESS") {
			return errForbidden
		}
		if a.status == http.StatusBadRequest {
			return errField
		}
	}
	return byStatus(a)
}

// Check implements Client: fields that are missing cannot be asked for.
func (s *salesforce) Check(ctx context.Context) error {
	for _, f := range s.fields() {
		if err := s.ask(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// field is one of those that an administrator makes for us.
type field struct{ object, name string }

func (s *salesforce) fields() []field {
	return []field{{"Contact", s.settings.VisitorField}, {"Event", s.settings.VisitField}}
}

// ask finds out whether a field is there and may be seen.
func (s *salesforce) ask(ctx context.Context, f field) error {
	_, err := s.query(ctx, "SELECT "+f.name+" FROM "+f.object+" LIMIT 1")
	return err
}

// Setup implements Client. Making fields takes rights that an integration should
// not have, so that it says what to make.
func (s *salesforce) Setup(ctx context.Context) (visit.CRMSetup, error) {
	out := visit.CRMSetup{Settings: s.settings}
	for _, f := range s.fields() {
		err := s.ask(ctx, f)
		switch {
		case err == nil:
		case visit.KindOf(err) == visit.KindInvalid:
			out.ToDo = append(out.ToDo, f.toDo())
		default:
			return out, err
		}
	}
	out.Ready = len(out.ToDo) == 0
	return out, nil
}

func (f field) toDo() string {
	where := f.object
	if where == "Event" {
		where = "Activity" // whose custom fields events have
	}
	return "In Setup, Object Manager, " + where + ", Fields & Relationships: make a Text(36) field with the API name " + f.name +
		", External ID and Unique checked, and give the integration's user read and edit access to it."
}

// Erase implements Client. What is deleted lies in Salesforce's recycle bin for 15
// days.
func (s *salesforce) Erase(ctx context.Context, contact string, visits []string) error {
	remove := func(object string) func(id string) error {
		return func(id string) error {
			_, err := s.call(ctx, request{method: http.MethodDelete, path: s.data + "/sobjects/" + object + "/" + url.PathEscape(id)}, nil)
			return err
		}
	}
	return erase(contact, visits, remove("Event"), remove("Contact"))
}
