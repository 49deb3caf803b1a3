package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/api/guest"
	"github.com/foyerhq/foyer/api/portal"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// guestDesk does what a guest page's form asks for by the same code as staff's
// requests.
type guestDesk struct{ s *Server }

func asLink(ctx context.Context, who string) context.Context {
	return auth.WithIdentity(ctx, auth.Identity{Principal: auth.Principal{Kind: auth.KindLink, ID: who, Sites: auth.AllSites()}})
}

// Extend implements guest.Desk.
func (d guestDesk) Extend(ctx context.Context, who string, id visit.VisitID, to time.Time) error {
	in := &extendInput{VisitPath: VisitPath{id}}
	in.Body.ExpectedDeparture = to
	_, err := d.s.extend(asLink(ctx, who), in)
	return err
}

// CheckOut implements guest.Desk.
func (d guestDesk) CheckOut(ctx context.Context, who string, id visit.VisitID) error {
	_, err := d.s.checkOut(asLink(ctx, who), &visitAction{VisitPath: VisitPath{id}})
	return err
}

// guestPages declares the pages behind signed links.
func (s *Server) guestPages(path string) {
	pages := guest.New(guest.Config{
		Store: s.Store, Desk: guestDesk{s}, Keys: s.Links, Posts: s.GuestForms,
		PublicURL: s.PublicURL, Logger: s.Logger, Now: s.Now,
	})
	s.engine.GET(path, s.guestPage(pages.Show))
	s.engine.HEAD(path, s.guestPage(pages.Show))
	s.engine.POST(path, s.guestPage(pages.Act))
}

// guestPage limits and bounds a page as it does other requests without a sign-in.
func (s *Server) guestPage(serve func(http.ResponseWriter, *http.Request, string)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := within(s.Requests, clientAddress(c)); err != nil {
			s.refuse(c, err)
			return
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), requestWithin)
		defer cancel()
		serve(c.Writer, c.Request.WithContext(ctx), c.Param("token"))
	}
}

// CaptivePortal is what captive portals need beside what the API has.
type CaptivePortal struct {
	Brakes  portal.Brakes
	Caller  portal.Caller // asks controllers; nil: portals of vendors that have one open no gate
	SMS     portal.Texter // nil: no code is sent by text message
	Metrics *portal.Metrics
}

// portalPages declares the pages of each captive portal, and that of each zone of roll
// codes.
func (s *Server) portalPages(path string) {
	pages := portal.New(portal.Config{
		Store: s.Store, Acks: s.Readiness, Passwords: s.Passwords, Caller: s.Portal.Caller, SMS: s.Portal.SMS, Mails: s.Mail,
		Keys: s.Links, PublicURL: s.PublicURL, Tries: s.CodeTries, Guesses: s.CodeGuesses, Brakes: s.Portal.Brakes,
		Metrics: s.Portal.Metrics, Logger: s.Logger, Now: s.Now,
	})
	for _, at := range []string{path, path + "/*rest"} {
		serve := func(c *gin.Context) {
			s.portalPage(c, func(r *http.Request) {
				pages.Serve(c.Writer, r, c.Param("portal"), strings.Trim(c.Param("rest"), "/"), clientAddress(c))
			})
		}
		s.engine.GET(at, serve)
		s.engine.HEAD(at, serve)
		s.engine.POST(at, serve)
	}
	for _, at := range []string{"/guest/s/:site", "/guest/s/:site/"} {
		serve := func(c *gin.Context) {
			s.portalPage(c, func(r *http.Request) { pages.ServeUniFi(c.Writer, r, c.Param("site"), clientAddress(c)) })
		}
		s.engine.GET(at, serve)
		s.engine.HEAD(at, serve)
	}
}

// portalPage bounds a page as it does other requests without a sign-in. All guests of
// a site may come from one address, so what limits them is the page's own.
func (s *Server) portalPage(c *gin.Context, serve func(*http.Request)) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), requestWithin)
	defer cancel()
	serve(c.Request.WithContext(ctx))
}
