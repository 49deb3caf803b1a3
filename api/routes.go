package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/internal/auth"
)

// routes is the whole interface: method, path, permission, what it does. The
// matrix of who may call what is generated from it.
func (s *Server) routes() {
	const site, one = "/api/v1/sites/{site}", "/api/v1/visits/{id}"

	route(s, "POST /api/v1/sites", auth.SitesWrite, "Create a site", s.createSite, status(201))
	route(s, "GET /api/v1/sites", auth.SitesRead, "List sites", s.listSites)
	route(s, "GET "+site, auth.SitesRead, "Read a site", s.readSite)
	route(s, "PATCH "+site, auth.SitesWrite, "Change a site", s.changeSite)
	route(s, "POST "+site+"/archive", auth.SitesWrite, "Archive a site", s.archiveSite)

	route(s, "POST "+site+"/agents", auth.AgentsWrite, "Add an agent; the answer holds its enrolment token", s.createAgent, status(201))
	route(s, "GET "+site+"/agents", auth.AgentsRead, "List a site's agents", s.listAgents)
	route(s, "DELETE "+site+"/agents/{agent}", auth.AgentsWrite, "Withdraw an agent; its live link is cut", s.withdrawAgent, status(204))
	route(s, "POST "+site+"/agents/{agent}/release", auth.AgentsWrite, "End an agent's quarantine", s.releaseAgent, status(204))

	route(s, "POST "+site+"/nases", auth.NASesWrite, "Add a NAS", s.createNAS, status(201))
	route(s, "GET "+site+"/nases", auth.NASesRead, "List a site's NASes", s.listNASes)
	route(s, "GET "+site+"/nases/{nas}", auth.NASesRead, "Read a NAS", s.readNAS)
	route(s, "PATCH "+site+"/nases/{nas}", auth.NASesWrite, "Change a NAS", s.changeNAS)
	route(s, "DELETE "+site+"/nases/{nas}", auth.NASesWrite, "Remove a NAS", s.deleteNAS, status(204))
	route(s, "GET "+site+"/refused-logins", auth.NASesRead, "List refused logins with their reasons", s.listRefused)
	route(s, "GET "+site+"/evacuation", auth.EvacuationRead, "Everyone who may be in the building", s.evacuation)
	route(s, "GET "+site+"/evacuation.csv", auth.EvacuationRead, "The evacuation list as CSV", s.evacuationCSV, csvFile)

	route(s, "POST /api/v1/visits", auth.VisitsWrite, "Register a visit, or check a walk-in in", s.register, status(201),
		about("A walk-in (check_in: true) is answered like a check-in, with its credentials."))
	route(s, "GET /api/v1/visits", auth.VisitsRead, "List visits", s.listVisits)
	route(s, "GET "+one, auth.VisitsRead, "Read a visit with all that belongs to it", s.readVisit)
	route(s, "PATCH "+one, auth.VisitsWrite, "Change a visit", s.changeVisit)
	route(s, "POST "+one+"/check-in", auth.VisitsCheckIn, "Check a visitor in", s.checkIn,
		about("Always answers with credentials. A repeat gets the same ones; their password only under the same Idempotency-Key, "+
			"within 120 seconds to the same caller, or to one who may reveal it, which is audited. Else it is null."))
	route(s, "POST "+one+"/check-out", auth.VisitsCheckOut, "Check a visitor out", s.checkOut,
		about("When this answers, the voucher is revoked. Sessions are being ended; see the visit's terminations. A repeat changes nothing."))
	route(s, "POST "+one+"/cancel", auth.VisitsWrite, "Cancel an expected visit", s.cancel)
	route(s, "POST "+one+"/extend", auth.VisitsWrite, "Move the expected departure, later or earlier", s.extend)
	route(s, "POST "+one+"/confirm-left", auth.VisitsCheckOut, "Confirm that the visitor left the building", s.confirmLeft,
		about("Of an expired visit: access has ended, but nobody has said where the person is."))
	route(s, "POST "+one+"/readmit", auth.VisitsCheckIn, "Continue an ended visit by a new one", s.readmit, status(201),
		about("Within 12 hours of its end. The new visit is checked in at once and has its own credentials."))
	route(s, "POST "+one+"/terminate", auth.VisitsTerminate, "Retry ending the sessions now", s.terminate)
	route(s, "POST "+one+"/voucher/reveal", auth.VouchersReveal, "Show the password; audited", s.reveal)
	route(s, "POST "+one+"/voucher/reissue", auth.VouchersReissue, "Give new credentials; old sessions are cut", s.reissue)

	route(s, "GET /api/v1/events", auth.EventsRead, "List events, newest first", s.listEvents)
	route(s, "GET /api/v1/audit", auth.AuditRead, "List audit rows, newest first", s.listAudit)
	route(s, "GET /api/v1/audit/verify", auth.AuditRead, "Verify the audit chain", s.verifyAudit)

	route(s, "POST /api/v1/tokens", auth.TokensWrite, "Make an API token; the answer is the only one that holds it", s.createToken, status(201))
	route(s, "GET /api/v1/tokens", auth.TokensRead, "List API tokens", s.listTokens)
	route(s, "DELETE /api/v1/tokens/{token}", auth.TokensWrite, "Revoke an API token", s.revokeToken, status(204))

	open(s, "POST /api/v1/login", "Sign in", s.login)
	open(s, "POST /api/v1/logout", "Sign out", s.logout, status(204))
	route(s, "GET /api/v1/me", anybody, "Who am I and what may I do", s.me)
	s.socket("GET /api/v1/live", auth.VisitsRead, "Follow what happens")

	open(s, "GET /healthz", "The process runs", s.healthz)
	open(s, "GET /readyz", "Requests can be served", s.readyz)
	open(s, "GET /version", "What runs here", s.version)
}

// anybody who is signed in.
const anybody auth.Permission = ""

// route declares a route that needs a permission.
func route[I, O any](s *Server, at string, permission auth.Permission, summary string,
	handle func(context.Context, *I) (*O, error), options ...func(*huma.Operation),
) {
	op := guarded(at, permission, summary)
	op.Middlewares = huma.Middlewares{s.guard(permission)}
	register(s, op, true, handle, options)
}

// open declares a route that anybody may call.
func open[I, O any](s *Server, at, summary string, handle func(context.Context, *I) (*O, error), options ...func(*huma.Operation)) {
	op := operation(at, summary)
	op.Security = []map[string][]string{{}}
	op.Middlewares = huma.Middlewares{bounded}
	register(s, op, false, handle, options)
}

// socket declares the route of the WebSocket.
func (s *Server) socket(at string, permission auth.Permission, summary string) {
	op := guarded(at, permission, summary)
	s.engine.Handle(op.Method, op.Path, s.live(permission))
	op.Responses = problems(&op, true, false)
	documentSocket(s.api, &op)
}

// csvFile documents an answer that is no JSON.
func csvFile(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}

func about(text string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Description = text }
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

func guarded(at string, permission auth.Permission, summary string) huma.Operation {
	op := operation(at, summary)
	if permission != anybody {
		op.Extensions = map[string]any{"x-permission": permission}
	}
	return op
}

func operation(at, summary string) huma.Operation {
	method, path, _ := strings.Cut(at, " ")
	return huma.Operation{
		Method: method, Path: path, Summary: summary, OperationID: operationID(method, path),
		Tags: []string{tagOf(path)}, MaxBodyBytes: maxBody, RejectUnknownQueryParameters: true,
	}
}

// operationID turns "POST /api/v1/visits/{id}/check-in" into
// "post-visits-id-check-in".
func operationID(method, path string) string {
	path = strings.TrimPrefix(path, "/api/v1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", "{", "", "}", "", ".", "-").Replace(path)
}

// register adds the operation with a handler whose errors become problems.
func register[I, O any](s *Server, op huma.Operation, guarded bool, handle func(context.Context, *I) (*O, error), options []func(*huma.Operation)) {
	_, body := reflect.TypeFor[I]().FieldByName("Body")
	op.Responses = problems(&op, guarded, body)
	for _, option := range options {
		option(&op)
	}
	part := "body."
	if op.Method == http.MethodGet {
		part = "query."
	}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			return out, nil
		}
		p := problemOf(ctx, s.Logger, err)
		for i := range p.Errors {
			p.Errors[i].Location = part + p.Errors[i].Location
		}
		return nil, p
	})
}
