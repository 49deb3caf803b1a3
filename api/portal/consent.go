package portal

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
)

// roomForTexts is how many octets of texts a page may have and stay within 14 kB. Those
// that it has no room for are pages of their own; but a browser that comes back from
// there to the answer of a form asks whether to send that again, or shows nothing.
const roomForTexts = 4 << 10

// ticks are the boxes of the kinds that the portal has texts of. None is ticked but by
// the guest.
func (q *request) ticks(kinds []identity.ConsentKind) (all []tick) {
	room := roomForTexts
	for _, c := range q.portal.Consents {
		if !slices.Contains(kinds, c.Kind) {
			continue
		}
		field := consentField(c.Kind)
		text := inLanguage(c.Texts, q.p.Language)
		var body []string
		if room -= len(template.HTMLEscapeString(text)); room >= 0 {
			body = paragraphs(text)
		}
		all = append(all, tick{
			Field: field, ID: c.ID, Label: q.word("agree." + string(c.Kind)), Required: c.Kind.Required(),
			Link: q.path() + "/text/" + c.ID + "?lang=" + q.p.Language, Read: q.word("agree.read"),
			Body: body, Title: q.word("text." + string(c.Kind)),
			Checked: q.form.Get(field) == c.ID,
		})
	}
	return all
}

func consentField(kind identity.ConsentKind) string { return "agree_" + string(kind) }

// agreed are the ids of the texts in force that were ticked; missing where one of the
// kinds is required and was not.
func (q *request) agreed(kinds []identity.ConsentKind) (ids []string, missing bool) {
	for _, c := range q.portal.Consents {
		ticked := q.form.Get(consentField(c.Kind)) == c.ID
		if ticked {
			ids = append(ids, c.ID)
		}
		if !ticked && c.Kind.Required() && slices.Contains(kinds, c.Kind) {
			missing = true
		}
	}
	return ids, missing
}

// text shows one that guests agree to.
func (q *request) text(id string) {
	for _, c := range q.portal.Consents {
		if c.ID == id {
			q.write(http.StatusOK, "text", page{
				plain: true, Title: q.word("text." + string(c.Kind)), Body: paragraphs(inLanguage(c.Texts, q.p.Language)),
				Notes: []string{q.word("text.back")},
			})
			return
		}
	}
	q.say(http.StatusNotFound, "off")
}

func paragraphs(text string) []string { return strings.Split(text, "\n\n") }

// hidden are fields that nobody sees, from names and values in turn.
func hidden(pairs ...string) (fields []gate.Field) {
	for i := 0; i+1 < len(pairs); i += 2 {
		fields = append(fields, gate.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return fields
}
