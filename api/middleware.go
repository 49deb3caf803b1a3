package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/auth"
)

// hijacked marks a request whose connection left HTTP: its length is no answer's.
const hijacked = "hijacked"

// measured counts requests and their time by route pattern, never by path.
func (s *Server) measured(c *gin.Context) {
	start := time.Now()
	c.Next()
	pattern := c.FullPath()
	if pattern == "" {
		pattern = "none"
	}
	status := c.Writer.Status()
	if c.GetBool(hijacked) {
		status = http.StatusSwitchingProtocols
	} else {
		s.Metrics.seconds.WithLabelValues(pattern).Observe(time.Since(start).Seconds())
	}
	s.Metrics.requests.WithLabelValues(methodLabel(c.Request.Method), pattern, strconv.Itoa(status)).Inc()
}

// methodLabel keeps what callers invent out of the metric.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recovered turns a panic into a 500 and a log line. The value, which may quote
// a request, is neither shown nor logged, only its type and the stack.
func (s *Server) recovered(c *gin.Context) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
			panic(v)
		}
		s.Metrics.panics.Inc()
		s.Logger.ErrorContext(c.Request.Context(), "handler panicked", "path", c.FullPath(), "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			s.refuse(c, newError(http.StatusInternalServerError, errInternal.Message))
		}
		c.Abort()
	}()
	c.Next()
}

// securityHeaders are the same for every answer. Answers hold personal data or
// credentials, so none is cached.
func (s *Server) securityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if c.Request.TLS != nil || s.overTLS() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

func (s *Server) overTLS() bool { return strings.HasPrefix(s.PublicURL, "https:") }

// sameOrigin refuses browsers' requests from other sites that change something.
// Programs, which send neither Origin nor Sec-Fetch-Site, pass.
func (s *Server) sameOrigin() (gin.HandlerFunc, error) {
	guard := http.NewCrossOriginProtection()
	if public, err := url.Parse(s.PublicURL); err == nil && public.Host != "" {
		// A proxy in front may tell us another Host than browsers see.
		if err := guard.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, err
		}
	}
	// Guest pages have no cookie that another site could borrow. Their forms say no
	// origin, because the page keeps its address to itself.
	guard.AddInsecureBypassPattern("POST /v/")
	// Pages of one's own may send roll codes to ours, which changes nothing. Portals look
	// themselves at where a form comes from.
	guard.AddInsecureBypassPattern("POST /portal/")
	return func(c *gin.Context) {
		if guard.Check(c.Request) != nil {
			s.refuse(c, newError(http.StatusForbidden, "This request came from another site."))
			c.Abort()
		}
	}, nil
}

// readableQuery refuses what no list and no database could do anything with. Portals judge
// theirs themselves: devices write what they like into it, unescaped.
func (s *Server) readableQuery(c *gin.Context) {
	if path := c.Request.URL.Path; strings.HasPrefix(path, "/portal/") || strings.HasPrefix(path, "/guest/s/") {
		return
	}
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	for name, list := range values {
		for _, value := range list {
			if !readable(name) || !readable(value) {
				err = errUnreadable
			}
		}
	}
	if err != nil {
		s.refuse(c, newError(http.StatusUnprocessableEntity, "The query is not readable."))
		c.Abort()
	}
}

// bounded gives a request without a permission its time limit.
func bounded(c huma.Context, next func(huma.Context)) {
	ctx, cancel := context.WithTimeout(c.Context(), requestWithin)
	defer cancel()
	next(huma.WithContext(c, ctx))
}

// refuse answers with a problem.
func (s *Server) refuse(c *gin.Context, err error) {
	p := problemOf(c.Request.Context(), s.Logger, err)
	maps.Copy(c.Writer.Header(), p.GetHeaders())
	c.Writer.Header().Set("Content-Type", p.ContentType(""))
	c.Writer.WriteHeader(p.Status)
	_ = json.NewEncoder(c.Writer).Encode(p)
}

// Live serves what huma cannot, a WebSocket: for the identity in the request's
// context, until it ends. An error means that nothing was written.
type Live interface {
	Handle(w http.ResponseWriter, r *http.Request) error
}

// live guards the WebSocket.
func (s *Server) live(permission auth.Permission) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), requestWithin)
		identity, err := s.permitted(ctx, c, permission)
		cancel() // the limit is for the question, not for the connection
		if err == nil {
			c.Set(hijacked, true)
			err = s.Live.Handle(c.Writer, c.Request.WithContext(auth.WithIdentity(c.Request.Context(), identity)))
		}
		if err != nil {
			c.Set(hijacked, false)
			s.refuse(c, err)
		}
	}
}
