package portal

import (
	"net/http"
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/link"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// shownDomains is how many of a sponsor's domains the form names.
const shownDomains = 3

func (q *request) sponsorFields() []input {
	domains := q.portal.Template.SponsorDomains
	return []input{
		q.fieldOf(identity.FieldFirstName, true), q.fieldOf(identity.FieldLastName, true), q.fieldOf(identity.FieldEmail, true),
		{
			Name: "sponsor", Label: q.word("proof.sponsor.label"), Type: "email", Value: q.value("sponsor"), Required: true, Max: identity.MaxLogin,
			Hint: q.word("proof.sponsor.hint", "domains", "@"+strings.Join(domains[:min(shownDomains, len(domains))], ", @")),
		},
	}
}

// submitSponsor asks the sponsor. Whether there is such a mailbox is not known here, and
// not said.
func (q *request) submitSponsor() {
	v, problem := q.visitor(identity.FieldFirstName, identity.FieldLastName, identity.FieldEmail)
	sponsor := strings.ToLower(q.value("sponsor"))
	login, kind, err := identity.ParseLogin(v.Email)
	switch {
	case problem != "":
	case err != nil || kind != identity.LoginEmail:
		problem = q.word("field.email.wrong")
	case likeLink(v.FirstName, v.LastName):
		problem = q.word("proof.sponsor.name")
	case !visit.MailAddress(sponsor) || !slices.Contains(q.portal.Template.SponsorDomains, identity.MailDomain(sponsor)):
		problem = q.word("proof.sponsor.wrong")
	case sponsor == login:
		problem = q.word("proof.sponsor.self")
	}
	if problem != "" {
		q.full(identity.MethodSponsor, problem)
		return
	}
	v = visit.Visitor{FirstName: v.FirstName, LastName: v.LastName, Email: login}
	if r, ok := q.begin(store.NewRegistration{Method: identity.MethodSponsor, Login: login, Visitor: v, Sponsor: sponsor}); ok {
		q.toWaiting(r)
	}
}

// showToSponsor is the page behind the link in the sponsor's mail: who asks, where, and
// what they may be given. It is in the reader's language.
func (q *request) showToSponsor(r store.Registration, n notice) {
	name := strings.TrimSpace(r.Visitor.FirstName + " " + r.Visitor.LastName)
	g := page{plain: true, Problem: n.problem, Links: q.links()}
	at := ""
	if r.DecidedAt != nil {
		at = q.when(*r.DecidedAt)
	}
	say := func(key string) {
		g.Title, g.Text = q.word("proof."+key+".title"), q.word("proof."+key+".text", "name", name, "time", at)
	}
	switch r.Status {
	case identity.RegistrationWaiting:
		if err := q.askSponsor(r, name, &g); err != nil {
			q.fail(err)
			return
		}
	case identity.RegistrationApproved, identity.RegistrationDone:
		say("allowed")
	case identity.RegistrationDenied:
		say("declined")
	case identity.RegistrationCancelled:
		say("withdrawn")
	default:
		at = q.when(r.ExpiresAt)
		say("unanswered")
	}
	q.write(http.StatusOK, "sponsor", g)
}

func (q *request) askSponsor(r store.Registration, name string, g *page) error {
	options, err := q.offers()
	if err != nil {
		return err
	}
	g.Title, g.Text = q.word("proof.ask.title", "name", name), q.word("proof.ask.text", "site", q.portal.SiteName)
	g.Facts = []fact{
		{Label: q.word("proof.ask.name"), Value: name}, {Label: q.word("field.email"), Value: r.Visitor.Email},
		{Label: q.word("proof.ask.where"), Value: q.portal.SiteName + ", " + q.portal.Name},
		{Label: q.word("proof.ask.at"), Value: q.when(r.CreatedAt)}, {Label: q.word("proof.ask.answer"), Value: q.when(r.ExpiresAt)},
	}
	g.Form = q.guestForm(q.addressOf(link.RegistrationSponsor, r), nil)
	refuse := aside("deny", q.word("proof.ask.no"))
	if len(options) == 0 {
		g.Problem, g.Form.Buttons = q.word("proof.ask.none"), []button{refuse}
		return nil
	}
	g.Form.Choice = &choice{Name: "profile", Label: q.word("proof.ask.choice"), Options: options}
	g.Form.Buttons = []button{act("approve", q.word("proof.ask.yes")), refuse}
	return nil
}

// offers are the profiles that a sponsor may choose from, the template's own first: those
// that its lifetime fits and that have not ended. What they say of time is what an
// account that begins now would get.
func (q *request) offers() (options []gate.Field, err error) {
	profiles, err := q.Store.Profiles(q.r.Context())
	if err != nil {
		return nil, err
	}
	own, now := q.portal.Template.ProfileOf(identity.MethodSponsor), q.Now()
	for _, p := range profiles {
		ends := p.Validity.End(now, q.portal.Zone)
		if !q.portal.Template.Fits(p.Profile) || !ends.After(now) {
			continue
		}
		text := q.word("proof.ask.until", "name", p.Name, "time", q.when(ends))
		if p.Validity.Kind == identity.Hours {
			text = q.word("proof.ask.span", "name", p.Name, "time", span(q.p, p.Validity.Nominal()))
		}
		option := gate.Field{Name: string(p.ID), Value: text}
		if p.ID == own {
			options = slices.Insert(options, 0, option)
			continue
		}
		options = append(options, option)
	}
	return options, nil
}

// decideAsSponsor is a button pressed there. The first answer counts; whoever presses
// another one, or the same again, is told how it stands.
func (q *request) decideAsSponsor(r store.Registration) {
	do := q.form.Get("do")
	if do != "approve" && do != "deny" {
		q.showToSponsor(r, notice{})
		return
	}
	profile := identity.ProfileID(q.form.Get("profile"))
	if do == "approve" && r.Status == identity.RegistrationWaiting {
		options, err := q.offers()
		if err != nil {
			q.fail(err)
			return
		}
		if !slices.ContainsFunc(options, func(o gate.Field) bool { return o.Name == string(profile) }) {
			q.showToSponsor(r, notice{problem: q.word("proof.ask.gone")})
			return
		}
	}
	decided, fresh, err := q.Store.DecideRegistration(q.r.Context(), r.ID, do == "approve", profile)
	switch {
	case visit.KindOf(err) == visit.KindNotFound && err != nil: // the profile was deleted this moment
		q.showToSponsor(r, notice{problem: q.word("proof.ask.gone")})
	case err != nil:
		q.fail(err)
	default:
		n := notice{}
		if !fresh && (decided.Status == identity.RegistrationDenied) == (do == "approve") {
			n.problem = q.word("proof.ask.before")
		}
		q.showToSponsor(decided, n)
	}
}
