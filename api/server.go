package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
)

// Limits of a request. What a route needs beyond them stands in routes.go.
const (
	maxBody       = 64 << 10
	requestWithin = 20 * time.Second
)

// Config is what a Server needs. All fields are required unless said otherwise.
type Config struct {
	Store     Store
	Workflows Workflows
	Readiness Readiness
	Passwords *auth.Passwords
	Requests  *limit.Limiter                           // by caller; nil: no limit
	Logins    *limit.Limiter                           // by address; nil: no limit
	Live      http.Handler                             // GET /api/v1/live, behind login and permission
	Hash      func(purpose string, data []byte) []byte // keyed
	Metrics   *Metrics
	Logger    *slog.Logger
	Now       func() time.Time

	Version string
	// PublicURL is where browsers and agents reach this deployment, without a
	// trailing slash; its scheme decides whether cookies are Secure.
	PublicURL string
	// AgentURL and AgentPin go into enrolment tokens.
	AgentURL string
	AgentPin []byte // SHA-256 of the agents' authority's SPKI
	// TrustedProxies may set X-Forwarded-For; empty trusts nobody.
	TrustedProxies []string
	// Ready says whether requests can be served; for /readyz.
	Ready func(context.Context) error
}

// Server is the HTTP interface. Handler is safe for concurrent use.
type Server struct {
	Config
	engine *gin.Engine
	api    huma.API
}

// setErrorModel makes huma's own refusals look like ours, once per process.
var setErrorModel = sync.OnceFunc(func() {
	huma.NewError = newError
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return newError(status, message, errs...)
	}
	gin.SetMode(gin.ReleaseMode)
})

// New makes a Server with all its routes.
func New(c Config) (*Server, error) {
	setErrorModel()
	s := &Server{Config: c, engine: gin.New()}
	if err := s.engine.SetTrustedProxies(c.TrustedProxies); err != nil {
		return nil, err
	}
	s.engine.HandleMethodNotAllowed = true
	s.engine.Use(s.recovered, s.measured, securityHeaders)
	s.engine.NoRoute(func(c *gin.Context) { s.plainProblem(c, errNoRoute) })
	s.engine.NoMethod(func(c *gin.Context) { s.plainProblem(c, errNoMethod) })
	s.api = humagin.New(s.engine, openAPIConfig(c.Version))
	s.routes()
	return s, nil
}

// Handler serves all routes. State-changing requests of browsers from another
// origin are refused before anything else looks at them.
func (s *Server) Handler() http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, newError(http.StatusForbidden, "This request came from another site."))
	}))
	return guard.Handler(s.engine)
}

// OpenAPI returns the description of the interface, as committed in
// docs/openapi.json.
func (s *Server) OpenAPI() *huma.OpenAPI { return s.api.OpenAPI() }

func openAPIConfig(version string) huma.Config {
	c := huma.DefaultConfig("Foyer", version)
	c.Info.Description = "Visits, their WiFi credentials, and the agents that answer for them."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.CreateHooks = nil // no $schema links in answers
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "An API token, foyer_…"},
		"login": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "The cookie set by POST /api/v1/login."},
	}
	c.Security = []map[string][]string{{"token": {}}, {"login": {}}}
	return c
}
