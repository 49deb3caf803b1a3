package mail

import (
	"bytes"
	"embed"
	"html/template"
	text "text/template"
)

//go:embed templates
var templates embed.FS

// A template that does not parse cannot get past any test.
var (
	htmlMail = template.Must(template.ParseFS(templates, "templates/mail.html"))
	textMail = text.Must(text.ParseFS(templates, "templates/mail.txt"))
)

// render returns the mail as text and as HTML: the same words twice.
func (d *draft) render() (plain, html string, err error) {
	var out bytes.Buffer
	if err := textMail.Execute(&out, d); err != nil {
		return "", "", err
	}
	plain = out.String()
	out.Reset()
	err = htmlMail.Execute(&out, d)
	return plain, out.String(), err
}
