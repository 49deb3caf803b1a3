package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
	"github.com/foyerhq/foyer/internal/seal"
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
	Requests  *limit.Limiter // by caller; nil: no limit
	Logins    *limit.Limiter // by address; nil: no limit
	// GuestForms limits what a signed link's holder may send, by visit; nil: no limit.
	GuestForms *limit.Limiter
	// CodeTries limits what may be sent to a zone's portal page, by zone and address,
	// and CodeGuesses by zone; nil: no limit.
	CodeTries   *limit.Limiter
	CodeGuesses *limit.Limiter
	// Portal is what captive portals need besides.
	Portal CaptivePortal
	// KioskAsks limits how often a kiosk may ask about an invitation or a user name, or
	// register somebody, by kiosk; nil: no limit.
	KioskAsks *limit.Limiter
	Live      Live                                     // GET /api/v1/live
	Pages     fs.FS                                    // the dashboard, see web.Files; nil: none
	Hash      func(purpose string, data []byte) []byte // Keyed
	Links     *seal.Keyring                            // signs the links of guest pages and mails
	SignOn    SignOn                                   // the organisation's own provider; nil: none
	CheckURL  func(url string) error                   // whether a webhook may be sent there
	CRMs      CRMs
	Metrics   *Metrics
	Logger    *slog.Logger
	Now       func() time.Time

	// WorkflowURL is where operators see a workflow; nil where that is not known.
	WorkflowURL func(id string) string
	// LocalLogin says who may sign in with a password; empty: everyone.
	LocalLogin LocalLogin
	// Mail says whether this deployment sends any.
	Mail bool

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
	engine  *gin.Engine
	api     huma.API
	exports exports
}

// prepare sets what huma and gin keep per process: refusals look like ours,
// lists are never null, and names are spelt as described.
var prepare = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return newError(status, message, errs...)
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return newError(status, message, errs...)
	}
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	gin.SetMode(gin.ReleaseMode)
})

// New makes a Server with all its routes.
func New(c Config) (*Server, error) {
	prepare()
	s := &Server{Config: c, engine: gin.New()}
	if err := s.engine.SetTrustedProxies(c.TrustedProxies); err != nil {
		return nil, err
	}
	s.engine.HandleMethodNotAllowed = true
	sameOrigin, err := s.sameOrigin()
	if err != nil {
		return nil, err
	}
	s.engine.Use(s.measured, s.recovered, s.securityHeaders, sameOrigin, s.readableQuery)
	s.engine.NoRoute(func(c *gin.Context) { s.refuse(c, newError(http.StatusNotFound, "There is nothing at this address.")) })
	s.engine.NoMethod(func(c *gin.Context) {
		s.refuse(c, newError(http.StatusMethodNotAllowed, "This address does not take that method."))
	})
	s.api = humagin.New(s.engine, openAPIConfig(c.Version))
	s.routes()
	return s, s.servePages()
}

// Handler serves all routes.
func (s *Server) Handler() http.Handler { return s.engine }
