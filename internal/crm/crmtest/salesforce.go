package crmtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

type salesforce struct{ f *Fake }

func (s *salesforce) links(r *http.Request) bool { return s.f.bearer(r) }

const salesforceData = "/services/data/v62.0"

var salesforceFields = map[string][]string{
	"Contact": {"FirstName", "LastName", "Email", "Phone"},
	"Event":   {"WhoId", "Subject", "StartDateTime", "EndDateTime", "Location", "Description"},
}

func (s *salesforce) serve(f *Fake, r *http.Request, body map[string]any) reply {
	path, ok := strings.CutPrefix(r.URL.Path, salesforceData)
	switch {
	case ok && r.Method == http.MethodGet && path == "/query":
		return s.query(r.URL.Query().Get("q"))
	case ok && r.Method == http.MethodPost && path == "/composite":
		return s.composite(body)
	case ok && r.Method == http.MethodDelete && strings.HasPrefix(path, "/sobjects/"):
		return s.remove(strings.Split(strings.TrimPrefix(path, "/sobjects/"), "/"))
	}
	f.breach("%s %s", r.Method, r.URL.Path)
	return salesforceProblem(404, "NOT_FOUND")
}

func (s *salesforce) remove(parts []string) reply {
	table := s.table(parts[0])
	if len(parts) != 2 || table[parts[1]] == nil {
		return salesforceProblem(404, "ENTITY_IS_DELETED")
	}
	delete(table, parts[1])
	return reply{status: 204}
}

func (s *salesforce) table(object string) map[string]*Record {
	if object == "Event" {
		return s.f.visits
	}
	return s.f.contacts
}

var (
	byEmail = regexp.MustCompile(`^SELECT Id FROM Contact WHERE Email = '((?:[^'\\]|\\.)*)' ORDER BY CreatedDate LIMIT 1$`)
	probe   = regexp.MustCompile(`^SELECT (\w+) FROM (\w+) LIMIT 1$`)
)

func (s *salesforce) query(soql string) reply {
	found := []any{}
	if parts := byEmail.FindStringSubmatch(soql); parts != nil {
		email := regexp.MustCompile(`\\(.)`).ReplaceAllString(parts[1], "$1")
		for _, id := range slices.Sorted(maps.Keys(s.f.contacts)) {
			if r := s.f.contacts[id]; r.Fields["Email"] == email || r.Fields["email"] == email {
				found = append(found, map[string]any{"Id": r.ID})
				break
			}
		}
		return reply{status: 200, body: map[string]any{"totalSize": len(found), "done": true, "records": found}}
	}
	parts := probe.FindStringSubmatch(soql)
	if parts == nil {
		s.f.breach("SOQL %s", soql)
		return salesforceProblem(400, "MALFORMED_QUERY")
	}
	if s.f.fields[parts[2]+"."+parts[1]] == nil {
		return salesforceProblem(400, "INVALID_FIELD")
	}
	return reply{status: 200, body: map[string]any{"totalSize": 0, "done": true, "records": found}}
}

// composite runs the parts in one transaction when allOrNone is true.
func (s *salesforce) composite(body map[string]any) reply {
	parts, _ := body["compositeRequest"].([]any)
	if !s.f.only("composite", body, "allOrNone", "compositeRequest") || len(parts) == 0 || len(parts) > 25 || body["allOrNone"] != true {
		return salesforceProblem(400, "JSON_PARSER_ERROR")
	}
	contacts, visits := copied(s.f.contacts), copied(s.f.visits)
	answers, made := []partAnswer{}, map[string]string{}
	failed := false
	for _, part := range parts {
		request, _ := part.(map[string]any)
		inner := s.part(request, made)
		failed = failed || inner.status >= 300
		answers = append(answers, partAnswer{inner.status, inner.body, text(request, "referenceId")})
	}
	if failed {
		s.f.contacts, s.f.visits = contacts, visits
		for i, answer := range answers {
			if answer.Status < 300 {
				halted := salesforceProblem(400, "PROCESSING_HALTED")
				answers[i].Status, answers[i].Body = halted.status, halted.body
			}
		}
	}
	return reply{status: 200, body: map[string]any{"compositeResponse": answers}}
}

type partAnswer struct {
	Status      int    `json:"httpStatusCode"`
	Body        any    `json:"body"`
	ReferenceID string `json:"referenceId"`
}

func copied(table map[string]*Record) map[string]*Record {
	out := map[string]*Record{}
	for id, r := range table {
		out[id] = &Record{r.ID, r.Key, maps.Clone(r.Fields)}
	}
	return out
}

var references = regexp.MustCompile(`@\{(\w+)\.id\}`)

// part is one PATCH: by id, or by an external id.
func (s *salesforce) part(request map[string]any, made map[string]string) reply {
	path, ok := strings.CutPrefix(text(request, "url"), salesforceData+"/sobjects/")
	fields, _ := request["body"].(map[string]any)
	at := strings.Split(path, "/")
	if !ok || !s.f.only("part", request, "method", "url", "referenceId", "body") || request["method"] != http.MethodPatch || len(at) < 2 || len(at) > 3 {
		s.f.breach("part %v", text(request, "url"))
		return salesforceProblem(400, "INVALID_HTTP_METHOD")
	}
	for name, value := range fields {
		if reference, _ := value.(string); references.MatchString(reference) {
			fields[name] = references.ReplaceAllStringFunc(reference, func(r string) string { return made[references.FindStringSubmatch(r)[1]] })
		}
	}
	object, table := at[0], s.table(at[0])
	if !s.f.only(object, fields, salesforceFields[object]...) {
		return salesforceProblem(400, "INVALID_FIELD")
	}
	if object == "Event" && s.f.contacts[text(fields, "WhoId")] == nil {
		return salesforceProblem(400, "INVALID_CROSS_REFERENCE_KEY")
	}
	if len(at) == 2 {
		record := table[at[1]]
		if record == nil {
			return salesforceProblem(404, "NOT_FOUND")
		}
		maps.Copy(record.Fields, fields)
		made[text(request, "referenceId")] = record.ID
		return reply{status: 204}
	}
	if s.f.fields[object+"."+at[1]] == nil {
		return salesforceProblem(404, "NOT_FOUND")
	}
	record := byKey(table, at[2])
	if record == nil && object == "Contact" && text(fields, "LastName") == "" {
		return salesforceProblem(400, "REQUIRED_FIELD_MISSING")
	}
	record, fresh := s.f.put(table, at[2], fields)
	made[text(request, "referenceId")] = record.ID
	status := 200
	if fresh {
		status = 201
	}
	return reply{status: status, body: map[string]any{"id": record.ID, "success": true, "errors": []any{}, "created": fresh}}
}

func salesforceProblem(status int, code string) reply {
	return reply{status: status, body: []any{map[string]any{"message": "about ada@example.org", "errorCode": code, "fields": []any{}}}}
}

func (s *salesforce) refuse(fault Fault) reply {
	switch fault {
	case Expired:
		return salesforceProblem(401, "INVALID_SESSION_ID")
	case Limited:
		return salesforceProblem(403, "REQUEST_LIMIT_EXCEEDED") // without a Retry-After
	case Forbidden:
		return salesforceProblem(403, "API_DISABLED_FOR_ORG")
	case Duplicates:
		return reply{status: 300, body: []any{json.RawMessage(`"/services/data/v62.0/sobjects/Contact/1"`), json.RawMessage(`"/services/data/v62.0/sobjects/Contact/2"`)}}
	default:
		return salesforceProblem(400, "STRING_TOO_LONG")
	}
}
