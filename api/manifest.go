package api

import (
	"encoding/json"
	"io/fs"
	"net/http"

	"github.com/gin-gonic/gin"
)

// manifest is what a browser installs the kiosk by (W3C Web Application Manifest): it
// then opens without the browser around it. The dashboard stays a page.
type manifest struct {
	Name       string         `json:"name"`
	StartURL   string         `json:"start_url"`
	Scope      string         `json:"scope"`
	Display    string         `json:"display"`
	Background string         `json:"background_color"`
	Theme      string         `json:"theme_color"`
	Icons      []manifestIcon `json:"icons"`
}

type manifestIcon struct {
	Source string `json:"src"`
	Sizes  string `json:"sizes"`
	Type   string `json:"type"`
}

// serveManifest finds the icon by its name, which changes with its content.
func (p *pages) serveManifest(c *gin.Context) {
	m := manifest{
		Name: "Foyer", StartURL: "/kiosk", Scope: "/kiosk", Display: "fullscreen",
		Background: "#ffffff", Theme: "#0b7a6d", Icons: []manifestIcon{},
	}
	marks, _ := fs.Glob(p.files, "assets/mark-*.svg") // the pattern is constant
	for _, mark := range marks {
		m.Icons = append(m.Icons, manifestIcon{Source: "/" + mark, Sizes: "any", Type: "image/svg+xml"})
	}
	c.Header("Content-Type", "application/manifest+json")
	c.Status(http.StatusOK)
	_ = json.NewEncoder(c.Writer).Encode(m)
}
