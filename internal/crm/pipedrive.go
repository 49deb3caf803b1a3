package crm

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// pipedrive speaks to Pipedrive's API, version 2. It has neither keys nor
// idempotency, and its search lags behind its writes.
// developers.pipedrive.com/docs/api/v1 (which describes both versions)
type pipedrive struct {
	caller
	settings visit.CRMSettings
	now      func() time.Time
}

func newPipedrive(account visit.CRMAccount, o Options) *pipedrive {
	return &pipedrive{settings: account.Settings, now: o.Now, caller: caller{
		http: o.HTTP, base: account.Settings.BaseURL, bearer: fixed(account.Credentials.Token), refusal: pipedriveRefusal,
		sign: func(r *http.Request, token string) { r.Header.Set("X-Api-Token", token) },
	}}
}

const (
	pipedrivePersons    = "/api/v2/persons"
	pipedriveActivities = "/api/v2/activities"
	pipedriveFields     = "/api/v2/personFields"
	// lag is how far search may be behind. Lists are not, so that what was written
	// lately is looked for there.
	lag = 10 * time.Minute
	// Lists are read this far; nobody has that many visitors in the time of the lag.
	pipedrivePage, pipedrivePages = 100, 5
)

// SyncVisit implements Client: look for the person, make one, look for the activity
// if an earlier attempt may have made it, make one.
func (p *pipedrive) SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error) {
	refs := m.Refs
	var err error
	if refs.Contact == "" {
		if refs.Contact, err = p.person(ctx, v, m.Since); err != nil {
			return refs, err
		}
		if err := m.Note(ctx, refs); err != nil {
			return refs, err
		}
	}
	person, err := strconv.Atoi(refs.Contact)
	if err != nil {
		return refs, errUnreadable
	}
	if refs.Visit == "" && !m.Since.IsZero() {
		if refs.Visit, err = p.findActivity(ctx, v, refs.Contact); err != nil {
			return refs, err
		}
	}
	if refs.Visit == "" {
		var made pipedriveOne
		if err = p.ask(ctx, request{method: http.MethodPost, path: pipedriveActivities, body: pipedriveActivity(v, person)}, &made); err != nil {
			return refs, err
		}
		if refs.Visit, err = made.id(); err != nil {
			return refs, err
		}
	}
	return refs, m.Note(ctx, refs)
}

// ask is call for answers of Pipedrive's, which all say whether they are one.
func (p *pipedrive) ask(ctx context.Context, r request, out any) error {
	a, err := p.call(ctx, r, nil)
	if err != nil || a.status == http.StatusNoContent {
		return err
	}
	var said struct {
		Success bool `json:"success"`
	}
	if a.into(&said) != nil || !said.Success {
		return errUnreadable
	}
	if out == nil {
		return nil
	}
	return a.into(out)
}

type pipedriveOne struct {
	Data struct {
		ID   int    `json:"id"`
		Code string `json:"field_code"`
	} `json:"data"`
}

func (o pipedriveOne) id() (string, error) {
	if o.Data.ID <= 0 {
		return "", errUnreadable
	}
	return strconv.Itoa(o.Data.ID), nil
}

// person finds the person with the address, or makes one.
func (p *pipedrive) person(ctx context.Context, v visit.CRMVisit, since time.Time) (string, error) {
	id, err := p.search(ctx, v.Visitor.Email)
	if err != nil || id != "" {
		return id, err
	}
	if lately := p.now().Add(-lag); since.IsZero() || since.After(lately) {
		since = lately
	}
	if id, err = p.findLately(ctx, v.Visitor.Email, since); err != nil || id != "" {
		return id, err
	}
	person := map[string]any{
		"name":   cut(or(fullName(v), v.Visitor.Email), 255),
		"emails": []any{map[string]any{"value": v.Visitor.Email, "primary": true, "label": "work"}},
	}
	if v.Visitor.Phone != "" {
		person["phones"] = []any{map[string]any{"value": v.Visitor.Phone, "primary": true, "label": "work"}}
	}
	if p.settings.VisitorField != "" {
		person["custom_fields"] = map[string]any{p.settings.VisitorField: visitorKey(v)}
	}
	var made pipedriveOne
	if err := p.ask(ctx, request{method: http.MethodPost, path: pipedrivePersons, body: person}, &made); err != nil {
		return "", err
	}
	return made.id()
}

func (p *pipedrive) search(ctx context.Context, email string) (string, error) {
	var found struct {
		Data struct {
			Items []struct {
				Item struct {
					ID int `json:"id"`
				} `json:"item"`
			} `json:"items"`
		} `json:"data"`
	}
	query := url.Values{"term": {email}, "fields": {"email"}, "exact_match": {"true"}, "limit": {"1"}}
	err := p.ask(ctx, request{method: http.MethodGet, path: pipedrivePersons + "/search", query: query}, &found)
	if err != nil || len(found.Data.Items) == 0 {
		return "", err
	}
	return pipedriveID(found.Data.Items[0].Item.ID)
}

func pipedriveID(id int) (string, error) {
	if id <= 0 {
		return "", errUnreadable
	}
	return strconv.Itoa(id), nil
}

type pipedriveItem struct {
	ID     int    `json:"id"`
	Note   string `json:"note"`
	Emails []struct {
		Value string `json:"value"`
	} `json:"emails"`
}

// findLately looks for the person among those that were changed since.
func (p *pipedrive) findLately(ctx context.Context, email string, since time.Time) (string, error) {
	query := url.Values{"updated_since": {since.UTC().Format(time.RFC3339)}}
	return p.list(ctx, pipedrivePersons, query, func(item pipedriveItem) bool {
		for _, e := range item.Emails {
			if strings.EqualFold(strings.TrimSpace(e.Value), email) {
				return true
			}
		}
		return false
	})
}

// findActivity looks for the visit among the person's activities.
func (p *pipedrive) findActivity(ctx context.Context, v visit.CRMVisit, person string) (string, error) {
	query := url.Values{"person_id": {person}, "sort_by": {"add_time"}, "sort_direction": {"desc"}}
	return p.list(ctx, pipedriveActivities, query, func(item pipedriveItem) bool {
		return strings.Contains(item.Note, pipedriveMark(v))
	})
}

// list reads a list until something matches.
func (p *pipedrive) list(ctx context.Context, path string, query url.Values, matches func(pipedriveItem) bool) (string, error) {
	query.Set("limit", strconv.Itoa(pipedrivePage))
	for range pipedrivePages {
		var page struct {
			Data []pipedriveItem `json:"data"`
			More struct {
				Next string `json:"next_cursor"`
			} `json:"additional_data"`
		}
		if err := p.ask(ctx, request{method: http.MethodGet, path: path, query: query}, &page); err != nil {
			return "", err
		}
		for _, item := range page.Data {
			if matches(item) {
				return pipedriveID(item.ID)
			}
		}
		if page.More.Next == "" {
			break
		}
		query.Set("cursor", page.More.Next)
	}
	return "", nil
}

// pipedriveMark tells a visit's activity from others.
func pipedriveMark(v visit.CRMVisit) string { return "Foyer visit " + string(v.ID) }

func pipedriveActivity(v visit.CRMVisit, person int) map[string]any {
	from := v.From.UTC()
	minutes := max(int(v.To.Sub(from).Round(time.Minute)/time.Minute), 1)
	note := pipedriveMark(v)
	if text := description(v); text != "" { // a note is HTML
		note = strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "<br>" + note
	}
	activity := map[string]any{
		"subject": cut(title(v), 255), "type": "meeting", "done": true, "note": note,
		"due_date": from.Format(time.DateOnly), "due_time": from.Format("15:04"), "duration": fmt.Sprintf("%02d:%02d", minutes/60, minutes%60),
		"participants": []any{map[string]any{"person_id": person, "primary": true}},
	}
	if place := location(v); place != "" {
		activity["location"] = map[string]any{"value": cut(place, 255)}
	}
	return activity
}

func pipedriveRefusal(a answer) *visit.Error {
	var body struct {
		Success *bool  `json:"success"`
		Code    string `json:"code"`
	}
	switch said := a.into(&body) == nil && body.Success != nil; {
	case a.status == http.StatusTooManyRequests:
		return limited(a, 10*time.Second)
	case a.status == http.StatusForbidden && !said:
		return after(errLimited, a, 15*time.Minute) // who ignores 429 is shut out before Pipedrive itself is asked
	case a.status == http.StatusPaymentRequired:
		return errForbidden
	case said && a.status == http.StatusBadRequest:
		return errField
	}
	return byStatus(a)
}

// Check implements Client.
func (p *pipedrive) Check(ctx context.Context) error {
	code, err := p.field(ctx)
	if err == nil && (p.settings.VisitorField == "" || code != p.settings.VisitorField) {
		return errSetup
	}
	return err
}

const pipedriveFieldName = "Foyer visitor"

// field returns the key of our field of persons, if there is one.
func (p *pipedrive) field(ctx context.Context) (string, error) {
	query := url.Values{"limit": {"500"}}
	var page struct {
		Data []struct {
			Name string `json:"field_name"`
			Code string `json:"field_code"`
		} `json:"data"`
	}
	err := p.ask(ctx, request{method: http.MethodGet, path: pipedriveFields, query: query}, &page)
	for _, field := range page.Data {
		if field.Name == pipedriveFieldName {
			return field.Code, err
		}
	}
	return "", err
}

// Setup implements Client: it makes the field of persons that holds the visitor's
// key. Pipedrive chooses its name, which the settings keep.
func (p *pipedrive) Setup(ctx context.Context) (visit.CRMSetup, error) {
	s := visit.CRMSetup{Settings: p.settings}
	code, err := p.field(ctx)
	if err != nil {
		return s, err
	}
	if code == "" {
		var made pipedriveOne
		field := map[string]any{"field_name": pipedriveFieldName, "field_type": "varchar"}
		if err := p.ask(ctx, request{method: http.MethodPost, path: pipedriveFields, body: field}, &made); err != nil {
			return s, err
		}
		code = made.Data.Code
		s.Made = append(s.Made, "field "+pipedriveFieldName+" of persons")
	}
	if !names.MatchString(code) {
		return s, errUnreadable
	}
	s.Settings.VisitorField, s.Ready = code, true
	return s, nil
}

// Erase implements Client. Pipedrive keeps what is deleted for 30 days.
func (p *pipedrive) Erase(ctx context.Context, contact string, visits []string) error {
	remove := func(path string) func(id string) error {
		return func(id string) error {
			return p.ask(ctx, request{method: http.MethodDelete, path: path + "/" + url.PathEscape(id)}, nil)
		}
	}
	return erase(contact, visits, remove(pipedriveActivities), remove(pipedrivePersons))
}
