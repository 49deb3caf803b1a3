package crmtest

import (
	"net/http"
	"strings"
)

type hubSpot struct{ f *Fake }

func (h *hubSpot) links(r *http.Request) bool { return h.f.bearer(r) }

var hubSpotProperties = map[string][]string{
	"contacts": {"email", "firstname", "lastname", "phone", "company"},
	"meetings": {"hs_timestamp", "hs_meeting_title", "hs_meeting_body", "hs_meeting_start_time", "hs_meeting_end_time",
		"hs_meeting_location", "hs_meeting_outcome", "hubspot_owner_id"},
}

func (h *hubSpot) serve(f *Fake, r *http.Request, body map[string]any) reply {
	path := strings.TrimPrefix(r.URL.Path, "/crm/")
	switch {
	case r.Method == http.MethodPost && path == "v3/objects/contacts/batch/upsert":
		return h.upsert("contacts", f.contacts, body)
	case r.Method == http.MethodPost && path == "v3/objects/meetings/batch/upsert":
		return h.upsert("meetings", f.visits, body)
	case r.Method == http.MethodPut && strings.HasPrefix(path, "v4/objects/0-47/"):
		return h.associate(strings.Split(path, "/"))
	case r.Method == http.MethodPost && path == "v3/objects/contacts/gdpr-delete":
		delete(f.contacts, text(body, "objectId"))
		return reply{status: 204}
	case r.Method == http.MethodDelete && strings.HasPrefix(path, "v3/objects/meetings/"):
		delete(f.visits, strings.TrimPrefix(path, "v3/objects/meetings/"))
		return reply{status: 204}
	case strings.HasPrefix(path, "v3/properties/meetings"):
		return h.property(r, strings.TrimPrefix(path, "v3/properties/meetings"), body)
	}
	f.breach("%s %s", r.Method, r.URL.Path)
	return hubSpotProblem(404, "OBJECT_NOT_FOUND", "no such place")
}

func (h *hubSpot) upsert(object string, table map[string]*Record, body map[string]any) reply {
	inputs, _ := body["inputs"].([]any)
	if !h.f.only(object, body, "inputs") || len(inputs) != 1 {
		return h.refuse(Refused)
	}
	input, _ := inputs[0].(map[string]any)
	properties, _ := input["properties"].(map[string]any)
	key, id := text(input, "idProperty"), text(input, "id")
	unique := object == "contacts" && key == "email" || object == "meetings" && h.f.fields[key]["hasUniqueValue"] == true
	// An upsert takes no associations.
	if !h.f.only(object, input, "idProperty", "id", "properties", "objectWriteTraceId") || id == "" || !unique {
		return h.refuse(Refused)
	}
	if !h.f.only(object, properties, append(hubSpotProperties[object], key)...) {
		return h.refuse(Refused)
	}
	if object == "contacts" {
		properties["email"] = id
	}
	record, made := h.f.put(table, id, properties)
	return reply{status: 200, body: map[string]any{"status": "COMPLETE", "results": []any{
		map[string]any{"id": record.ID, "new": made, "properties": record.Fields, "archived": false},
	}}}
}

// associate takes v4/objects/0-47/{id}/associations/default/0-1/{id}.
func (h *hubSpot) associate(parts []string) reply {
	if len(parts) != 8 || parts[4] != "associations" || parts[5] != "default" || parts[6] != "0-1" {
		h.f.breach("association %v", parts)
		return h.refuse(Refused)
	}
	meeting, contact := h.f.visits[parts[3]], h.f.contacts[parts[7]]
	if meeting == nil || contact == nil {
		return hubSpotProblem(404, "OBJECT_NOT_FOUND", "no such record")
	}
	meeting.Fields["contact"] = contact.ID
	return reply{status: 200, body: map[string]any{"status": "COMPLETE", "results": []any{}}}
}

func (h *hubSpot) property(r *http.Request, rest string, body map[string]any) reply {
	switch {
	case r.Method == http.MethodGet:
		if field, ok := h.f.fields[strings.TrimPrefix(rest, "/")]; ok {
			return reply{status: 200, body: field}
		}
		return hubSpotProblem(404, "OBJECT_NOT_FOUND", "Property does not exist")
	case r.Method == http.MethodPost && rest == "/groups":
		if h.f.fields["group:foyer"] != nil {
			return hubSpotProblem(409, "CONFLICT", "exists")
		}
		h.f.fields["group:foyer"] = body
		return reply{status: 201, body: body}
	case r.Method == http.MethodPost && rest == "":
		known := h.f.only("property", body, "name", "label", "groupName", "type", "fieldType", "hasUniqueValue", "formField")
		if !known || h.f.fields["group:"+text(body, "groupName")] == nil {
			return h.refuse(Refused)
		}
		h.f.fields[text(body, "name")] = body
		return reply{status: 201, body: body}
	}
	h.f.breach("%s %s", r.Method, r.URL.Path)
	return h.refuse(Refused)
}

func hubSpotProblem(status int, category, message string) reply {
	return reply{status: status, body: map[string]any{"status": "error", "message": message, "category": category, "correlationId": "c"}}
}

func (h *hubSpot) refuse(fault Fault) reply {
	switch fault {
	case Expired:
		return hubSpotProblem(401, "EXPIRED_AUTHENTICATION", "The token has expired.")
	case Limited:
		r := hubSpotProblem(429, "RATE_LIMITS", "You have reached your ten_secondly_rolling limit.")
		r.header = map[string]string{"Retry-After": "7"}
		return r
	case Forbidden:
		return hubSpotProblem(403, "MISSING_SCOPES", "scopes")
	case Conflict:
		r, _ := h.f.put(h.f.contacts, "conflict@example.org", nil)
		return hubSpotProblem(409, "CONFLICT", "Contact already exists. Existing ID: "+r.ID)
	case Partial:
		return reply{status: 207, body: map[string]any{"status": "COMPLETE", "results": []any{}, "numErrors": 1, "errors": []any{
			map[string]any{"status": "error", "category": "VALIDATION_ERROR", "message": "Property values were not valid: ada@example.org"},
		}}}
	default:
		return hubSpotProblem(400, "VALIDATION_ERROR", "Property values were not valid: ada@example.org")
	}
}
