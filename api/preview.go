package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/foyerhq/foyer/api/portal"
)

type previewInput struct {
	TemplatePath
	Page     string `query:"page" default:"full" maxLength:"20" doc:"full, continue, connected, denied or go: what a browser shows that goes back to the network by itself."`
	Language string `query:"language" default:"en" maxLength:"8"`
	Version  string `query:"version" maxLength:"40" doc:"Anything: a browser takes another address for another page."`
}

// previewAnswer is a page of the portal's, which leads nowhere.
type previewAnswer struct {
	ContentType  string `header:"Content-Type" hidden:"true"`
	Policy       string `header:"Content-Security-Policy" hidden:"true"`
	FrameOptions string `header:"X-Frame-Options" hidden:"true"`
	Body         []byte
}

// previewTemplate shows a page of the portal's with a stored template. It may be framed
// by our own pages, runs nothing and sends nothing.
func (s *Server) previewTemplate(ctx context.Context, in *previewInput) (*previewAnswer, error) {
	template, err := s.Store.Template(ctx, in.Template)
	if err != nil {
		return nil, err
	}
	consents, err := s.Store.Consents(ctx, in.Template)
	if err != nil {
		return nil, err
	}
	page, err := portal.Preview(template.Template, consents, in.Page, in.Language)
	if err != nil {
		return nil, err
	}
	return &previewAnswer{"text/html; charset=utf-8", previewPolicy(page), "SAMEORIGIN", page}, nil
}

var styleElement = regexp.MustCompile(`(?s)<style[^>]*>(.*?)</style>`)

// previewPolicy allows the styles that the page has, and nothing else.
func previewPolicy(page []byte) string {
	var styles strings.Builder
	for _, match := range styleElement.FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(match[1])
		styles.WriteString(" 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'")
	}
	if styles.Len() == 0 {
		styles.WriteString(" 'none'")
	}
	return "sandbox; default-src 'none'; style-src" + styles.String() + "; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
}

// htmlPage documents an answer for a browser's frame.
func htmlPage(op *huma.Operation) {
	op.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}
}
