package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// pageRoutes are the addresses at which the dashboard shows something. Whatever
// else is unknown stays a 404: a mistyped API path must not answer with a page.
var pageRoutes = []string{"/", "/sign-in", "/forgot", "/reset", "/setup", "/kiosk", "/sites/*rest", "/visits/*rest", "/settings/*rest"}

// pagePolicy allows the dashboard its own files and nothing inline. Whoever gets
// markup into a page gets no script or style to run with it.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; frame-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// offlineWorker is the evacuation page's service worker. It stands at the root
// because a worker may only serve addresses below its own; the page registers it for
// itself alone.
const offlineWorker = "evacuation-worker.js"

// offlinePolicy lets the worker fetch the dashboard's own files, and run nothing.
const offlinePolicy = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"

// pages serves the dashboard's files.
type pages struct {
	files fs.FS
	index []byte
	etag  string
}

// servePages declares the dashboard's routes. They are no part of the API and of
// its description.
func (s *Server) servePages() error {
	if s.Pages == nil {
		return nil
	}
	p, err := newPages(s.Pages)
	if err != nil {
		return err
	}
	for _, at := range pageRoutes {
		s.engine.GET(at, p.serveIndex)
		s.engine.HEAD(at, p.serveIndex)
	}
	s.engine.GET("/"+offlineWorker, func(c *gin.Context) {
		if !p.serveWorker(c) {
			s.refuse(c, newError(http.StatusNotFound, "There is nothing at this address."))
		}
	})
	s.engine.GET("/kiosk.webmanifest", p.serveManifest)
	s.engine.GET("/assets/:file", func(c *gin.Context) {
		if !p.serveAsset(c) {
			s.refuse(c, newError(http.StatusNotFound, "There is nothing at this address."))
		}
	})
	return nil
}

// newPages takes index.html, or the placeholder of a binary built without the
// dashboard.
func newPages(files fs.FS) (*pages, error) {
	index, err := fs.ReadFile(files, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		index, err = fs.ReadFile(files, "placeholder.html")
	}
	if err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	sum := sha256.Sum256(index)
	return &pages{files: files, index: index, etag: `"` + hex.EncodeToString(sum[:8]) + `"`}, nil
}

// serveIndex answers with the page that every address of the dashboard begins
// with. It names its assets by their content, so it must be asked for each time.
func (p *pages) serveIndex(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-cache")
	if c.FullPath() == "/kiosk" {
		h.Set("Cache-Control", "no-store") // nor does the browser keep it for its back button
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("ETag", p.etag)
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(p.index))
}

// serveAsset answers with a file whose name changes with its content, compressed
// where the browser can read that. False means that there is no such file.
func (p *pages) serveAsset(c *gin.Context) bool {
	name := "assets/" + c.Param("file")
	kind := mime.TypeByExtension(path.Ext(name))
	if !fs.ValidPath(name) || kind == "" {
		return false
	}
	body, coding, err := p.compressed(name, c.GetHeader("Accept-Encoding"))
	if err != nil {
		return false
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", kind)
	h.Set("Vary", "Accept-Encoding")
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
	return true
}

// serveWorker answers with the service worker, which browsers ask for again to learn
// that there is a new one.
func (p *pages) serveWorker(c *gin.Context) bool {
	body, err := fs.ReadFile(p.files, offlineWorker)
	if err != nil {
		return false
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", offlinePolicy)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(body))
	return true
}

func (p *pages) compressed(name, accepted string) (body []byte, coding string, err error) {
	for _, kind := range []struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !accepts(accepted, kind.coding) {
			continue
		}
		if body, err = fs.ReadFile(p.files, name+kind.suffix); err == nil {
			return body, kind.coding, nil
		}
	}
	body, err = fs.ReadFile(p.files, name)
	return body, "", err
}

// accepts reads an Accept-Encoding (RFC 9110 12.5.3) as far as it is needed here.
func accepts(header, coding string) bool {
	for offer := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(offer), ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			weight = strings.ReplaceAll(weight, " ", "")
			return strings.Trim(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
		}
	}
	return false
}
