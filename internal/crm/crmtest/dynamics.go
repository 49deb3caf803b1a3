package crmtest

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

type dynamics struct{ f *Fake }

func (d *dynamics) links(r *http.Request) bool {
	if r.Header.Get("OData-Version") != "4.0" || r.Header.Get("OData-MaxVersion") != "4.0" {
		d.f.breach("%s: no OData version", r.URL.Path)
	}
	return d.f.bearer(r)
}

var dynamicsColumns = map[string][]string{
	"contacts": {"firstname", "lastname", "emailaddress1", "telephone1"},
	"appointments": {"subject", "scheduledstart", "scheduledend", "description", "location",
		"regardingobjectid_contact@odata.bind", "appointment_activity_parties"},
}

var (
	dynamicsRow   = regexp.MustCompile(`^/api/data/v9\.2/(contacts|appointments)\(([0-9a-f-]{36})\)$`)
	dynamicsTable = regexp.MustCompile(`^/api/data/v9\.2/(contacts|appointments)$`)
	dynamicsBound = regexp.MustCompile(`^/contacts\(([0-9a-f-]{36})\)$`)
	dynamicsMail  = regexp.MustCompile(`^emailaddress1 eq '((?:[^']|'')*)'$`)
)

func (d *dynamics) serve(f *Fake, r *http.Request, body map[string]any) reply {
	if at := dynamicsTable.FindStringSubmatch(r.URL.Path); at != nil && r.Method == http.MethodGet {
		return d.list(r, at[1])
	}
	at := dynamicsRow.FindStringSubmatch(r.URL.Path)
	if at == nil {
		f.breach("%s %s", r.Method, r.URL.Path)
		return dynamicsProblem(404, "0x8006088a")
	}
	table := f.contacts
	if at[1] == "appointments" {
		table = f.visits
	}
	switch r.Method {
	case http.MethodDelete:
		if table[at[2]] == nil {
			return dynamicsProblem(404, "0x80040217")
		}
		delete(table, at[2])
		return reply{status: 204}
	case http.MethodPatch:
		return d.patch(table, at[1], at[2], body)
	}
	f.breach("%s %s", r.Method, r.URL.Path)
	return dynamicsProblem(405, "0x8006088b")
}

func (d *dynamics) list(r *http.Request, table string) reply {
	query := r.URL.Query()
	filter := query.Get("$filter")
	if table != "contacts" || filter == "" {
		return reply{status: 200, body: map[string]any{"value": []any{}}}
	}
	parts := dynamicsMail.FindStringSubmatch(filter)
	if parts == nil || query.Get("$select") != "contactid" {
		d.f.breach("query %s", r.URL.RawQuery)
		return dynamicsProblem(400, "0x80060888")
	}
	email, found := strings.ReplaceAll(parts[1], "''", "'"), []any{}
	for _, id := range slices.Sorted(maps.Keys(d.f.contacts)) {
		if c := d.f.contacts[id]; c.Fields["emailaddress1"] == email || c.Fields["email"] == email {
			found = append(found, map[string]any{"contactid": c.ID})
			break
		}
	}
	return reply{status: 200, body: map[string]any{"value": found}}
}

// patch makes the row if there is none.
func (d *dynamics) patch(table map[string]*Record, name, id string, body map[string]any) reply {
	if !d.f.only(name, body, dynamicsColumns[name]...) {
		return dynamicsProblem(400, "0x80048d19")
	}
	if name == "appointments" {
		bound := dynamicsBound.FindStringSubmatch(text(body, "regardingobjectid_contact@odata.bind"))
		if bound == nil || d.f.contacts[bound[1]] == nil {
			return dynamicsProblem(404, "0x80040217")
		}
	}
	record := table[id]
	if record == nil {
		record = &Record{ID: id, Key: id, Fields: map[string]any{}}
		table[id] = record
	}
	maps.Copy(record.Fields, body)
	return reply{status: 204, header: map[string]string{"OData-EntityId": "/" + name + "(" + id + ")"}}
}

func dynamicsProblem(status int, code string) reply {
	return reply{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": "about ada@example.org"}}}
}

func (d *dynamics) refuse(fault Fault) reply {
	switch fault {
	case Expired:
		return reply{status: 401}
	case Limited:
		r := dynamicsProblem(429, "0x80072322")
		r.header = map[string]string{"Retry-After": "7"}
		return r
	case Forbidden:
		return dynamicsProblem(403, "0x80040220")
	case Duplicates:
		return dynamicsProblem(412, "0x80040333")
	default:
		return dynamicsProblem(400, "0x80044331")
	}
}
