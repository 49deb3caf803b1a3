package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// rollCalls are evacuations and drills.
type rollCalls interface {
	StartRollCall(ctx context.Context, by store.Caller, site visit.SiteID, kind visit.RollCallKind) (store.RollCallOutcome, error)
	MarkRollCall(ctx context.Context, by store.Caller, site visit.SiteID, id visit.RollCallID, marks []store.NewMark) (store.Marked, error)
	EndRollCall(ctx context.Context, by store.Caller, site visit.SiteID, id visit.RollCallID) (store.RollCallOutcome, error)
	RollCall(ctx context.Context, scope store.Scope, site visit.SiteID, id visit.RollCallID) (store.RollCallDetail, error)
	RollCalls(ctx context.Context, scope store.Scope, site visit.SiteID, page store.Page) (store.RollCallPage, error)
}

// RollCall is an evacuation, or the practice of one.
type RollCall struct {
	ID        visit.RollCallID   `json:"id"`
	SiteID    visit.SiteID       `json:"site_id"`
	Kind      visit.RollCallKind `json:"kind" enum:"drill,real"`
	StartedAt time.Time          `json:"started_at"`
	StartedBy string             `json:"started_by"`
	EndedAt   *time.Time         `json:"ended_at,omitempty" doc:"Absent while it goes on."`
	EndedBy   string             `json:"ended_by,omitempty"`
	Starter   *Actor             `json:"starter,omitempty" doc:"Who started it, for people to read; with the list only."`
	Ender     *Actor             `json:"ender,omitempty"`
}

func rollCallOf(r visit.RollCall) RollCall {
	return RollCall{ID: r.ID, SiteID: r.SiteID, Kind: r.Kind, StartedAt: r.StartedAt, StartedBy: r.StartedBy, EndedAt: r.EndedAt, EndedBy: r.EndedBy}
}

// name adds who started and ended it.
func (r *RollCall) name(names map[string]string) {
	r.Starter = new(actorOf(r.StartedBy, names))
	if r.EndedAt != nil {
		r.Ender = new(actorOf(r.EndedBy, names))
	}
}

type startRollCallInput struct {
	SitePath
	Keyed
	Body struct {
		Kind visit.RollCallKind `json:"kind" enum:"drill,real"`
	}
}

type rollCallAnswer struct {
	Body struct {
		RollCall RollCall `json:"roll_call"`
		Changed  bool     `json:"changed" doc:"false: somebody had done the same before."`
	}
}

func answerRollCall(out store.RollCallOutcome, err error) (*rollCallAnswer, error) {
	if err != nil {
		return nil, err
	}
	a := &rollCallAnswer{}
	a.Body.RollCall, a.Body.Changed = rollCallOf(out.RollCall), out.Fresh
	return a, nil
}

func (s *Server) startRollCall(ctx context.Context, in *startRollCallInput) (*rollCallAnswer, error) {
	return answerRollCall(s.Store.StartRollCall(ctx, s.keyed(ctx, in.Key, 200, "roll-call", in.Site, in.Body), in.Site, in.Body.Kind))
}

// RollCallPath is embedded by every request about one roll call.
type RollCallPath struct {
	SitePath
	RollCall visit.RollCallID `path:"rollcall" format:"uuid"`
}

func (s *Server) endRollCall(ctx context.Context, in *RollCallPath) (*rollCallAnswer, error) {
	return answerRollCall(s.Store.EndRollCall(ctx, s.caller(ctx), in.Site, in.RollCall))
}

type listRollCallsInput struct {
	SitePath
	PageInput
}

type listRollCallsAnswer struct {
	Body struct {
		Items []RollCall `json:"items"`
		Next  string     `json:"next,omitempty"`
	}
}

func (s *Server) listRollCalls(ctx context.Context, in *listRollCallsInput) (*listRollCallsAnswer, error) {
	page, err := s.Store.RollCalls(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.page())
	if err != nil {
		return nil, err
	}
	a := &listRollCallsAnswer{}
	a.Body.Items, a.Body.Next = each(page.Items, rollCallOf), page.Next
	return a, nil
}

// RollCallMark is what somebody said of a person.
type RollCallMark struct {
	MarkID     visit.MarkID `json:"mark_id"`
	Mark       visit.Mark   `json:"mark" enum:"safe,missing,not_here"`
	MarkedBy   string       `json:"marked_by" doc:"user:… or token:…"`
	Name       string       `json:"name,omitempty" doc:"Of who marked, while they are a user."`
	By         Actor        `json:"by" doc:"Who marked, for people to read."`
	MarkedAt   time.Time    `json:"marked_at"`
	ReceivedAt time.Time    `json:"received_at" doc:"Later than marked_at where it was made offline."`
}

// Listed is one person on the list of a roll call.
type Listed struct {
	Present
	LeftAt  *time.Time     `json:"left_at,omitempty" doc:"Checked out, or confirmed to have left. That is no mark: somebody has to have seen them."`
	AddedAt time.Time      `json:"added_at"`
	Arrived bool           `json:"arrived" doc:"Came in after the start."`
	Mark    visit.Mark     `json:"mark" enum:"unmarked,safe,missing,not_here,unclear" doc:"What the marks amount to. Of each who marked the latest counts; unclear where these differ."`
	Marks   []RollCallMark `json:"marks"`
}

// RollCallCounts are how many people have which mark.
type RollCallCounts struct {
	People   int `json:"people"`
	Safe     int `json:"safe"`
	Missing  int `json:"missing"`
	NotHere  int `json:"not_here"`
	Unclear  int `json:"unclear"`
	Unmarked int `json:"unmarked"`
}

type rollCallDetailAnswer struct {
	Body struct {
		RollCall RollCall       `json:"roll_call"`
		Now      time.Time      `json:"now" doc:"How old the list is, by the server's clock."`
		Note     string         `json:"note"`
		Counts   RollCallCounts `json:"counts"`
		People   []Listed       `json:"people" doc:"In order of name. Names are those of the visits: who was erased has none."`
	}
}

func (s *Server) readRollCall(ctx context.Context, in *RollCallPath) (*rollCallDetailAnswer, error) {
	d, err := s.Store.RollCall(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.RollCall)
	if err != nil {
		return nil, err
	}
	counts := d.Counts()
	a := &rollCallDetailAnswer{}
	b := &a.Body
	b.RollCall, b.Now, b.Note, b.People = rollCallOf(d.RollCall), s.Now().UTC(), evacuationNote, s.listedOf(ctx, d.People)
	b.RollCall.name(s.names(ctx, d.RollCall.StartedBy, d.RollCall.EndedBy))
	b.Counts = RollCallCounts{
		People: len(d.People), Safe: counts[visit.MarkSafe], Missing: counts[visit.MarkMissing], NotHere: counts[visit.MarkNotHere],
		Unclear: counts[visit.MarkUnclear], Unmarked: counts[visit.MarkNone],
	}
	return a, nil
}

func (s *Server) listedOf(ctx context.Context, people []store.RollCallPerson) []Listed {
	var who []string
	for _, p := range people {
		for _, m := range p.Marks {
			who = append(who, m.By)
		}
	}
	names := s.names(ctx, who...)
	return each(people, func(p store.RollCallPerson) Listed {
		return Listed{
			Present: presentOf(p.EvacuationEntry), LeftAt: p.Visit.LeftAt, AddedAt: p.AddedAt, Arrived: p.Arrived, Mark: p.Mark,
			Marks: each(p.Marks, func(m store.NamedMark) RollCallMark {
				return RollCallMark{
					MarkID: m.ID, Mark: m.Mark, MarkedBy: m.By, Name: m.ByName, By: actorOf(m.By, names), MarkedAt: m.At, ReceivedAt: m.ReceivedAt,
				}
			}),
		}
	})
}

type markInput struct {
	RollCallPath
	Body struct {
		Marks []NewMark `json:"marks" minItems:"1" maxItems:"500"`
	}
}

// NewMark is a mark as it is sent, once or again.
type NewMark struct {
	MarkID   visit.MarkID  `json:"mark_id" format:"uuid" doc:"Drawn by who marks, once for each mark: sending it again changes nothing."`
	VisitID  visit.VisitID `json:"visit_id" format:"uuid"`
	Mark     visit.Mark    `json:"mark" enum:"safe,missing,not_here"`
	MarkedAt time.Time     `json:"marked_at,omitempty" required:"false" doc:"When it was made; now when absent or later than now."`
}

// MarkResult is what became of one mark.
type MarkResult struct {
	MarkID visit.MarkID     `json:"mark_id"`
	Result store.MarkResult `json:"result" enum:"taken,known,not_listed,id_reused,too_late"`
}

type markAnswer struct {
	Body struct {
		RollCall RollCall     `json:"roll_call"`
		Results  []MarkResult `json:"results"`
	}
}

func (s *Server) markRollCall(ctx context.Context, in *markInput) (*markAnswer, error) {
	sent := in.Body.Marks
	out, err := s.Store.MarkRollCall(ctx, s.caller(ctx), in.Site, in.RollCall, each(sent, func(m NewMark) store.NewMark {
		// UUIDs are compared as texts, and Postgres writes them in lower case.
		return store.NewMark{ID: lower(m.MarkID), VisitID: lower(m.VisitID), Mark: m.Mark, At: m.MarkedAt}
	}))
	if err != nil {
		return nil, err
	}
	a := &markAnswer{}
	a.Body.RollCall = rollCallOf(out.RollCall)
	for i, result := range out.Results {
		a.Body.Results = append(a.Body.Results, MarkResult{sent[i].MarkID, result})
	}
	return a, nil
}

func lower[T ~string](id T) T { return T(strings.ToLower(string(id))) }

// rollCallCSV is the list as a table; of a roll call that has ended, the report.
func (s *Server) rollCallCSV(ctx context.Context, in *RollCallPath) (*csvAnswer, error) {
	list, err := s.readRollCall(ctx, in)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{{"last_name", "first_name", "company", "host", "mark", "marks", "presence", "since", "overdue_since", "arrived", "left_at", "last_seen_at", "visit_id"}}
	for _, p := range list.Body.People {
		arrived := ""
		if p.Arrived {
			arrived = stamp(&p.AddedAt)
		}
		rows = append(rows, each([]string{
			p.Visitor.LastName, p.Visitor.FirstName, p.Visitor.Company, p.Host.Name, string(p.Mark), marksText(p.Marks), string(p.Presence),
			stamp(p.Since), stamp(p.OverdueSince), arrived, stamp(p.LeftAt), stamp(p.LastSeenAt), string(p.VisitID),
		}, cell))
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	name := "roll-call-" + list.Body.RollCall.StartedAt.UTC().Format("20060102-1504") + ".csv"
	return &csvAnswer{"text/csv; charset=utf-8", `attachment; filename="` + name + `"`, out.Bytes()}, nil
}

// marksText is every mark with who and when, in one cell.
func marksText(marks []RollCallMark) string {
	return strings.Join(each(marks, func(m RollCallMark) string {
		who := m.Name
		if who == "" {
			who = m.MarkedBy
		}
		return string(m.Mark) + " " + stamp(&m.MarkedAt) + " " + who
	}), "; ")
}
