package gate

import (
	"bytes"
	"embed"
	"html/template"
	"net/url"
)

//go:embed pages/*.html
var pages embed.FS

var pageTemplates = template.Must(template.ParseFS(pages, "pages/*.html"))

// Page is a file that staff put onto the device.
type Page struct {
	Name string // as the device wants it named
	Text []byte
}

// Installer is an adapter whose devices come with a page of their own, which one of ours
// replaces to lead to the portal.
type Installer interface {
	// Pages renders them for a portal at an address, with a label for the button that a
	// browser without scripts shows.
	Pages(portal *url.URL, label string) ([]Page, error)
}

// render fills in a page. A form that a browser sends by GET replaces the query of its
// address, so what the portal's has is repeated as fields.
func render(file, name string, portal *url.URL, label string) ([]Page, error) {
	bare := *portal
	bare.RawQuery, bare.Fragment, bare.RawFragment = "", "", ""
	var out bytes.Buffer
	err := pageTemplates.ExecuteTemplate(&out, file, struct {
		Portal string
		Fields url.Values
		Label  string
	}{bare.String(), portal.Query(), label})
	if err != nil {
		return nil, err
	}
	return []Page{{Name: name, Text: out.Bytes()}}, nil
}
