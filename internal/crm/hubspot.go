package crm

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// hubSpot speaks to HubSpot's CRM interface, version 3 (associations: 4).
// developers.hubspot.com/docs/api-reference
type hubSpot struct {
	caller
	settings visit.CRMSettings
}

func newHubSpot(account visit.CRMAccount, o Options) *hubSpot {
	return &hubSpot{settings: account.Settings, caller: caller{
		http: o.HTTP, base: account.Settings.BaseURL, bearer: fixed(account.Credentials.Token), sign: withBearer, refusal: hubSpotRefusal,
	}}
}

// Types of object by number: names of activities are not accepted everywhere.
const (
	hubSpotContacts = "/crm/v3/objects/contacts"
	hubSpotMeetings = "/crm/v3/objects/meetings"
	hubSpotFields   = "/crm/v3/properties/meetings"
	hubSpotContact  = "0-1"
	hubSpotMeeting  = "0-47"
)

// SyncVisit implements Client: contact by e-mail, meeting by its unique property,
// then the association. Upserts take no associations.
func (h *hubSpot) SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error) {
	refs := m.Refs
	var err error
	if refs.Contact == "" {
		if refs.Contact, err = h.contact(ctx, v); err != nil {
			return refs, err
		}
		if err := m.Note(ctx, refs); err != nil {
			return refs, err
		}
	}
	if refs.Visit, err = h.upsert(ctx, hubSpotMeetings, h.settings.VisitField, string(v.ID), hubSpotMeetingOf(v), v); err != nil {
		return refs, err
	}
	if err := m.Note(ctx, refs); err != nil {
		return refs, err
	}
	return refs, h.associate(ctx, refs)
}

func (h *hubSpot) associate(ctx context.Context, refs visit.CRMRefs) error {
	var done struct {
		Status string `json:"status"`
	}
	_, err := h.call(ctx, request{method: http.MethodPut, path: "/crm/v4/objects/" + hubSpotMeeting + "/" + url.PathEscape(refs.Visit) +
		"/associations/default/" + hubSpotContact + "/" + url.PathEscape(refs.Contact)}, &done)
	if err == nil && done.Status == "" {
		return errUnreadable
	}
	return err
}

func (h *hubSpot) contact(ctx context.Context, v visit.CRMVisit) (string, error) {
	properties := map[string]any{}
	set(properties, "firstname", v.Visitor.FirstName, 200)
	set(properties, "lastname", v.Visitor.LastName, 200)
	set(properties, "phone", v.Visitor.Phone, 40)
	set(properties, "company", v.Visitor.Company, 200)
	return h.upsert(ctx, hubSpotContacts, "email", v.Visitor.Email, properties, v)
}

func hubSpotMeetingOf(v visit.CRMVisit) map[string]any {
	from, to := v.From.UTC().Format(time.RFC3339), v.To.UTC().Format(time.RFC3339)
	properties := map[string]any{
		"hs_timestamp": from, "hs_meeting_start_time": from, "hs_meeting_end_time": to,
		"hs_meeting_title": title(v), "hs_meeting_outcome": "COMPLETED",
	}
	set(properties, "hs_meeting_body", description(v), 4000)
	set(properties, "hs_meeting_location", location(v), 500)
	return properties
}

type hubSpotBatch struct {
	Results []struct {
		ID string `json:"id"`
	} `json:"results"`
	Errors []hubSpotError `json:"errors"`
}

// upsert writes one object and returns its id. A batch of which a part failed is
// answered 207, and of ours there is but one part.
func (h *hubSpot) upsert(ctx context.Context, objects, key, id string, properties map[string]any, v visit.CRMVisit) (string, error) {
	input := map[string]any{"idProperty": key, "id": id, "properties": properties, "objectWriteTraceId": string(v.ID)}
	var batch hubSpotBatch
	a, err := h.call(ctx, request{
		method: http.MethodPost, path: objects + "/batch/upsert", body: map[string]any{"inputs": []any{input}},
	}, &batch)
	switch {
	case a.status == http.StatusConflict:
		if existing := existingID(a); existing != "" {
			return existing, nil
		}
		return "", err
	case err != nil:
		return "", err
	case len(batch.Errors) > 0:
		return "", batch.Errors[0].refusal(a)
	case len(batch.Results) != 1 || batch.Results[0].ID == "":
		return "", errUnreadable
	}
	return batch.Results[0].ID, nil
}

// inTheWay finds the id that a conflict names, in its text only.
var inTheWay = regexp.MustCompile(`Existing ID: ([0-9]{1,20})`)

func existingID(a answer) string {
	var e hubSpotError
	if a.into(&e) != nil {
		return ""
	}
	if found := inTheWay.FindStringSubmatch(e.Message); found != nil {
		return found[1]
	}
	return ""
}

// hubSpotError is the body of a refusal, and a part of a batch's answer.
type hubSpotError struct {
	Message    string `json:"message"`
	Category   string `json:"category"`
	PolicyName string `json:"policyName"`
}

func hubSpotRefusal(a answer) *visit.Error {
	var e hubSpotError
	if a.status >= 500 || a.into(&e) != nil {
		return byStatus(a)
	}
	return e.refusal(a)
}

// refusal reads the category, which parts of a batch have and statuses they have not.
func (e hubSpotError) refusal(a answer) *visit.Error {
	switch e.Category {
	case "RATE_LIMITS":
		if e.PolicyName == "DAILY" {
			return limited(a, 30*time.Minute)
		}
		return limited(a, 10*time.Second)
	case "VALIDATION_ERROR":
		return errField
	case "MISSING_SCOPES", "FORBIDDEN", "BANNED":
		return errForbidden
	case "INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION":
		return errUnauthorized
	case "OBJECT_NOT_FOUND":
		return errNotFound
	case "CONFLICT":
		return errConflict
	}
	return byStatus(a)
}

type hubSpotField struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Unique bool   `json:"hasUniqueValue"`
}

// Check implements Client.
func (h *hubSpot) Check(ctx context.Context) error {
	var field hubSpotField
	_, err := h.call(ctx, request{method: http.MethodGet, path: hubSpotFields + "/" + h.settings.VisitField}, &field)
	switch {
	case visit.KindOf(err) == visit.KindNotFound:
		return errSetup
	case err != nil:
		return err
	case !field.Unique:
		return errSetup
	}
	return nil
}

// Setup implements Client: it makes the unique property of meetings.
func (h *hubSpot) Setup(ctx context.Context) (visit.CRMSetup, error) {
	s := visit.CRMSetup{Settings: h.settings}
	var field hubSpotField
	_, err := h.call(ctx, request{method: http.MethodGet, path: hubSpotFields + "/" + h.settings.VisitField}, &field)
	switch {
	case err == nil && field.Unique:
		s.Ready = true
		return s, nil
	case err == nil:
		s.ToDo = append(s.ToDo, "Meetings have a property "+h.settings.VisitField+" whose values are not unique, which cannot be changed: "+
			"name another one as visit_field in the account's settings and run the setup again.")
		return s, nil
	case visit.KindOf(err) != visit.KindNotFound:
		return s, err
	}
	group := request{method: http.MethodPost, path: hubSpotFields + "/groups", body: map[string]any{"name": "foyer", "label": "Foyer"}}
	if _, err := h.call(ctx, group, nil); err != nil && visit.KindOf(err) != visit.KindConflict {
		return s, err
	}
	_, err = h.call(ctx, request{method: http.MethodPost, path: hubSpotFields, body: map[string]any{
		"name": h.settings.VisitField, "label": "Foyer visit", "groupName": "foyer",
		"type": "string", "fieldType": "text", "hasUniqueValue": true, "formField": false,
	}}, nil)
	if err != nil {
		return s, err
	}
	s.Ready, s.Made = true, append(s.Made, "property "+h.settings.VisitField+" of meetings, with unique values")
	return s, nil
}

// Erase implements Client. The contact is erased by HubSpot's own privacy function
// with all that belongs to it; the meeting is archived before.
func (h *hubSpot) Erase(ctx context.Context, contact string, visits []string) error {
	return erase(contact, visits, func(id string) error {
		_, err := h.call(ctx, request{method: http.MethodDelete, path: hubSpotMeetings + "/" + url.PathEscape(id)}, nil)
		return err
	}, func(id string) error {
		_, err := h.call(ctx, request{method: http.MethodPost, path: hubSpotContacts + "/gdpr-delete", body: map[string]any{"objectId": id}}, nil)
		return err
	})
}
