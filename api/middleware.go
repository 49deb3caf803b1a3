package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/auth"
)

// recovered turns a panic into a 500 and a log line; the value is not shown and
// not logged either where it may quote a request, only its type and the stack.
func (s *Server) recovered(c *gin.Context) {
	defer func() {
		if v := recover(); v != nil {
			s.Metrics.panics.Inc()
			s.Logger.ErrorContext(c, "handler panicked", "path", c.FullPath(), "type", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				s.plainProblem(c, fmt.Errorf("panic of type %T", v))
			}
			c.Abort()
		}
	}()
	c.Next()
}

// measured counts requests and their time by route pattern, never by path.
func (s *Server) measured(c *gin.Context) {
	start := time.Now()
	c.Next()
	pattern := c.FullPath()
	if pattern == "" {
		pattern = "none"
	}
	s.Metrics.requests.WithLabelValues(c.Request.Method, pattern, strconv.Itoa(c.Writer.Status())).Inc()
	s.Metrics.seconds.WithLabelValues(pattern).Observe(time.Since(start).Seconds())
}

// securityHeaders are the same for every answer. Answers hold personal data or
// credentials, so none is cached.
func securityHeaders(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if c.Request.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	c.Next()
}

// bounded gives a request without a permission its time limit.
func bounded(c huma.Context, next func(huma.Context)) {
	ctx, cancel := context.WithTimeout(c.Context(), requestWithin)
	defer cancel()
	next(huma.WithContext(c, ctx))
}

// fail answers a huma request with a problem.
func (s *Server) fail(c huma.Context, err error) {
	p := problemOf(c.Context(), s.Logger, err)
	for name, values := range p.GetHeaders() {
		for _, value := range values {
			c.SetHeader(name, value)
		}
	}
	c.SetHeader("Content-Type", p.ContentType(""))
	c.SetStatus(p.Status)
	_ = json.NewEncoder(c.BodyWriter()).Encode(p)
}

// plainProblem answers a request that huma never saw.
func (s *Server) plainProblem(c *gin.Context, err error) {
	p := problemOf(c, s.Logger, err)
	if err == error(errNoMethod) {
		p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	}
	writeProblem(c.Writer, p)
}

func writeProblem(w http.ResponseWriter, p huma.StatusError) {
	if problem, ok := p.(*Problem); ok {
		for name, values := range problem.GetHeaders() {
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.GetStatus())
	_ = json.NewEncoder(w).Encode(p)
}

// rawHandler guards a handler that huma does not serve.
func (s *Server) rawHandler(permission auth.Permission, handler http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), requestWithin)
		defer cancel()
		cookie, _ := c.Cookie(cookieName) // absent: empty
		principal, err := s.identify(ctx, c.GetHeader("Authorization"), cookie)
		if err == nil {
			err = s.allowed(principal, permission)
		}
		if err != nil {
			s.plainProblem(c, err)
			return
		}
		request := c.Request.WithContext(context.WithValue(c.Request.Context(), principalKey{}, principal))
		handler.ServeHTTP(c.Writer, request)
	}
}
