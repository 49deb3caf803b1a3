// Package plain is how pages look that visitors see in whatever browser they have:
// without scripts, in one answer, with a style of their own that a strict policy
// allows by its hash.
package plain

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
)

var (
	//go:embed page.css
	css string
	//go:embed head.html
	head string
	//go:embed foot.html
	foot string
)

// Layout makes a page's template of what stands within its main part. The page's data
// has Language, Style, Site and Title.
func Layout(main string) *template.Template {
	return template.Must(template.New("page").Parse(head + main + foot))
}

// Style is what a page puts between its style tags.
func Style() template.CSS {
	return template.CSS(css) //nolint:gosec // our own file
}

// policy allows a page its own style and its forms, and nothing else. Forms go to
// ourselves, and to the origins named.
func policy(style template.CSS, origins []string) string {
	sum := sha256.Sum256([]byte(style))
	forms := "'self'"
	for _, origin := range origins {
		forms += " " + origin
	}
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}

// Headers sets what every answer has, redirections too. Origins are those that the
// page's forms may go to besides ours.
func Headers(w http.ResponseWriter, origins ...string) { headers(w, Style(), origins) }

func headers(w http.ResponseWriter, style template.CSS, origins []string) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy(style, origins))
	h.Set("Referrer-Policy", "no-referrer") // the address may be the key
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
}

// Write answers with a page, or with nothing but a status if it cannot be made, and
// says why.
func Write(w http.ResponseWriter, status int, layout *template.Template, page any, origins ...string) error {
	return WriteStyled(w, status, layout, page, Style(), origins...)
}

// WriteStyled is Write for a page whose style is another than ours alone; the page
// must show exactly that.
func WriteStyled(w http.ResponseWriter, status int, layout *template.Template, page any, style template.CSS, origins ...string) error {
	var out bytes.Buffer
	if err := layout.Execute(&out, page); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return fmt.Errorf("page: %w", err)
	}
	headers(w, style, origins)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the reader may have gone
	return nil
}
