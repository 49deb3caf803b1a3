package crmtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type pipedrive struct{ f *Fake }

const pipedriveField = "0123456789abcdef0123456789abcdef01234567"

func (p *pipedrive) links(r *http.Request) bool { return r.Header.Get("X-Api-Token") == Secret }

func (p *pipedrive) serve(f *Fake, r *http.Request, body map[string]any) reply {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v2/")
	head, id, _ := strings.Cut(path, "/")
	switch {
	case !ok:
	case r.Method == http.MethodGet && path == "persons/search":
		return p.search(r)
	case r.Method == http.MethodGet && path == "persons":
		return p.persons()
	case r.Method == http.MethodPost && path == "persons":
		return p.person(body)
	case r.Method == http.MethodGet && path == "activities":
		return p.activities(r)
	case r.Method == http.MethodPost && path == "activities":
		return p.activity(body)
	case r.Method == http.MethodDelete && head == "persons":
		return p.remove(f.contacts, id)
	case r.Method == http.MethodDelete && head == "activities":
		return p.remove(f.visits, id)
	case path == "personFields":
		return p.personFields(r, body)
	}
	f.breach("%s %s", r.Method, r.URL.Path)
	return pipedriveProblem(404, "ERR_NOT_FOUND")
}

func (p *pipedrive) remove(table map[string]*Record, id string) reply {
	if table[id] == nil {
		return pipedriveProblem(404, "ERR_NOT_FOUND")
	}
	delete(table, id)
	return pipedriveDone(200, map[string]any{"id": number(id)})
}

func number(id string) int {
	n, _ := strconv.Atoi(id)
	return n
}

func pipedriveDone(status int, data any) reply {
	return reply{status: status, body: map[string]any{"success": true, "data": data, "additional_data": map[string]any{"next_cursor": nil}}}
}

// search lags behind what was written, when asked to.
func (p *pipedrive) search(r *http.Request) reply {
	query := r.URL.Query()
	if query.Get("fields") != "email" || query.Get("exact_match") != "true" || query.Get("term") == "" {
		p.f.breach("search %s", r.URL.RawQuery)
	}
	items := []any{}
	if p.f.lag > 0 {
		p.f.lag--
		return pipedriveDone(200, map[string]any{"items": items})
	}
	for _, id := range slices.Sorted(maps.Keys(p.f.contacts)) {
		if c := p.f.contacts[id]; strings.EqualFold(c.Key, query.Get("term")) {
			items = append(items, map[string]any{"result_score": 1, "item": map[string]any{"id": number(c.ID), "type": "person"}})
			break
		}
	}
	return pipedriveDone(200, map[string]any{"items": items})
}

func (p *pipedrive) persons() reply {
	data := []any{}
	for _, c := range p.f.contacts {
		data = append(data, map[string]any{"id": number(c.ID), "emails": []any{map[string]any{"value": c.Key, "primary": true}}})
	}
	return pipedriveDone(200, data)
}

func (p *pipedrive) person(body map[string]any) reply {
	emails, _ := body["emails"].([]any)
	if !p.f.only("person", body, "name", "emails", "phones", "custom_fields") || text(body, "name") == "" || len(emails) != 1 {
		return p.refuse(Refused)
	}
	first, _ := emails[0].(map[string]any)
	custom, _ := body["custom_fields"].(map[string]any)
	if !p.f.only("email", first, "value", "primary", "label") || !p.f.only("custom_fields", custom, pipedriveField) {
		return p.refuse(Refused)
	}
	record := &Record{ID: p.f.id(), Key: text(first, "value"), Fields: body} // as often as it is asked
	p.f.contacts[record.ID] = record
	return pipedriveDone(201, map[string]any{"id": number(record.ID)})
}

func (p *pipedrive) activities(r *http.Request) reply {
	data := []any{}
	for _, v := range p.f.visits {
		if v.Fields["person"] == r.URL.Query().Get("person_id") {
			data = append(data, map[string]any{"id": number(v.ID), "note": v.Fields["note"], "subject": v.Fields["subject"]})
		}
	}
	return pipedriveDone(200, data)
}

func (p *pipedrive) activity(body map[string]any) reply {
	participants, _ := body["participants"].([]any)
	known := p.f.only("activity", body, "subject", "type", "due_date", "due_time", "duration", "done", "participants", "note", "location")
	if _, boolean := body["done"].(bool); !known || !boolean || len(participants) != 1 {
		return p.refuse(Refused)
	}
	first, _ := participants[0].(map[string]any)
	id, isNumber := first["person_id"].(float64)
	person := fmt.Sprint(int(id))
	if !p.f.only("participant", first, "person_id", "primary") || !isNumber {
		return p.refuse(Refused)
	}
	if p.f.contacts[person] == nil {
		return pipedriveProblem(404, "ERR_NOT_FOUND")
	}
	record := &Record{ID: p.f.id(), Key: text(body, "note"), Fields: body}
	record.Fields["person"] = person
	p.f.visits[record.ID] = record
	return pipedriveDone(201, map[string]any{"id": number(record.ID)})
}

func (p *pipedrive) personFields(r *http.Request, body map[string]any) reply {
	if r.Method == http.MethodGet {
		data := []any{map[string]any{"field_name": "Name", "field_code": "name"}}
		for _, field := range p.f.fields {
			data = append(data, field)
		}
		return pipedriveDone(200, data)
	}
	if !p.f.only("field", body, "field_name", "field_type") {
		return p.refuse(Refused)
	}
	body["field_code"] = pipedriveField
	p.f.fields[text(body, "field_name")] = body
	return pipedriveDone(201, body)
}

func pipedriveProblem(status int, code string) reply {
	return reply{status: status, body: map[string]any{"success": false, "error": "about ada@example.org", "code": code}}
}

func (p *pipedrive) refuse(fault Fault) reply {
	switch fault {
	case Expired:
		return pipedriveProblem(401, "ERR_UNAUTHORIZED")
	case Limited:
		r := pipedriveProblem(429, "ERR_RATE_LIMIT")
		r.header = map[string]string{"X-Ratelimit-Reset": "7"}
		return r
	case Forbidden:
		return pipedriveProblem(403, "ERR_FORBIDDEN")
	default:
		return pipedriveProblem(400, "ERR_SCHEMA_VALIDATION_FAILED")
	}
}
