package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// Document returns the description of the interface (OpenAPI 3.1), as committed
// in docs/openapi.json. It is the same for the same version.
func Document(version string) ([]byte, error) {
	s, err := New(Config{Version: version, Now: time.Now, Metrics: NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(s.api.OpenAPI(), "", "  ")
	return append(text, '\n'), err
}

const description = `Visits, their WiFi credentials, and the agents that answer for them.

Callers send ` + "`Authorization: Bearer <token>`" + ` or the login cookie. Each operation names the permission it needs in
` + "`x-permission`" + `; what lies at sites that the caller may not see does not exist for it (404). Every answer that is not a success is
a problem (RFC 9457) whose ` + "`type`" + ` is stable. Instants are RFC 3339 in UTC.`

func openAPIConfig(version string) huma.Config {
	c := huma.DefaultConfig("Foyer", version)
	c.Info.Description = description
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.CreateHooks = nil // no $schema links in answers
	c.Formats = formats()
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An API token, foyer_…"},
		"login": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The cookie set by POST /api/v1/login."},
	}
	c.Components.Responses = map[string]*huma.Response{"Problem": problemResponse(c.Components.Schemas)}
	c.Security = []map[string][]string{{"token": {}}, {"login": {}}}
	c.Tags = []*huma.Tag{
		{Name: "visits", Description: "Who comes, is here, and was."},
		{Name: "voucher", Description: "A visit's WiFi credentials."},
		{Name: "sites", Description: "Places with guests, and their networks."},
		{Name: "evacuation", Description: "Everyone who may be in the building."},
		{Name: "agents", Description: "Our processes on the sites' networks."},
		{Name: "nases", Description: "Access points, controllers and firewalls."},
		{Name: "rolls", Description: "Batches of printed codes, each good for a time from its first use."},
		{Name: "trail", Description: "What happened, and its proof."},
		{Name: "live", Description: "What happens, for screens."},
		{Name: "identity", Description: "Who is asking."},
		{Name: "operators", Description: "For those who run it."},
	}
	return c
}

// schemaName names a body after what it is: CheckInAnswer, RegisterRequest.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if base, ok := strings.CutSuffix(name, "InputBody"); ok {
		return base + "Request"
	}
	if base, ok := strings.CutSuffix(name, "AnswerBody"); ok {
		return base + "Answer"
	}
	return name
}

// tagOf is the resource that a path is about.
func tagOf(path string) string {
	parts := strings.Split(strings.TrimPrefix(path, "/api/v1/"), "/")
	switch {
	case !strings.HasPrefix(path, "/api/"):
		return "operators"
	case slices.Contains(parts, "voucher"):
		return "voucher"
	case slices.Contains(parts, "agents"):
		return "agents"
	case slices.Contains(parts, "kiosks"), parts[0] == "kiosk":
		return "kiosks"
	case slices.Contains(parts, "nases"), slices.Contains(parts, "refused-logins"):
		return "nases"
	case slices.Contains(parts, "zones"):
		return "rolls"
	case strings.HasPrefix(parts[len(parts)-1], "evacuation"), slices.Contains(parts, "evacuation"), slices.Contains(parts, "roll-calls"):
		return "evacuation"
	}
	switch parts[0] {
	case "events", "audit":
		return "trail"
	case "tokens", "login", "logout", "me", "users", "roles", "password-reset", "oidc":
		return "identity"
	}
	return parts[0]
}

// problems are the answers of an operation that are no success; they are all the
// same but for their status.
func problems(op *huma.Operation, guarded, body bool) map[string]*huma.Response {
	changes := op.Method == http.MethodPost || op.Method == http.MethodPatch
	codes := map[int]bool{
		http.StatusUnprocessableEntity: true, http.StatusInternalServerError: true, http.StatusServiceUnavailable: true,
		http.StatusUnauthorized:    guarded || op.OperationID == "post-login",
		http.StatusTooManyRequests: guarded || op.OperationID == "post-login",
		http.StatusForbidden:       guarded || changes,
		http.StatusNotFound:        strings.Contains(op.Path, "{") || op.Path == "/api/v1/visits" || op.Path == "/api/v1/live" || strings.HasPrefix(op.Path, "/api/v1/audit/"),
		http.StatusConflict:        guarded && changes,
		http.StatusGone:            op.Tags[0] == "voucher" || strings.HasSuffix(op.Path, "/check-in"),
		http.StatusBadRequest:      body, http.StatusRequestTimeout: body,
		http.StatusRequestEntityTooLarge: body, http.StatusUnsupportedMediaType: body,
	}
	responses := map[string]*huma.Response{}
	for code, possible := range codes {
		if possible {
			responses[strconv.Itoa(code)] = &huma.Response{Ref: "#/components/responses/Problem"}
		}
	}
	return responses
}

// problemResponse is what problems refer to.
func problemResponse(schemas huma.Registry) *huma.Response {
	schema := schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Response{
		Description: "A problem (RFC 9457).",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
		Headers:     map[string]*huma.Param{"Retry-After": {Description: "Seconds, of 429 and 503.", Schema: text}},
	}
}

// documentSocket describes the WebSocket, which huma does not serve.
func documentSocket(api huma.API, op *huma.Operation) {
	text, id := &huma.Schema{Type: huma.TypeString}, &huma.Schema{Type: huma.TypeString, Format: "uuid"}
	op.Parameters = []*huma.Param{
		{Name: "site_id", In: "query", Schema: id, Description: "Absent: all sites that you may see."},
		{Name: "cursor", In: "query", Schema: text, Description: "The last one seen; what came after it is sent first."},
	}
	op.Description = "A WebSocket. Messages are {type: hello|event|detail|beat|resync, cursor, now, beat, event: {id, kind, site_id, visit_id, agent_id, roll_call_id, at}}: " +
		"after an event, read again what you show; after resync, everything. detail names by site_id and visit_id a visit whose page has news that are no event, " +
		"such as a mail that has left; it may get lost. hello and resync say by beat after how many seconds without another message a beat comes: where none does, the link is dead. " +
		"Ignore types that you do not know. Close codes: 1012 restart, 1013 too slow, 1008 sign in again."
	op.Responses["101"] = &huma.Response{Description: "Switching Protocols"}
	api.OpenAPI().AddOperation(op)
}
