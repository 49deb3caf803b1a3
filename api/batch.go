package api

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/sheet"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// batches are many visits at once.
type batches interface {
	RegisterBatch(ctx context.Context, by store.Caller, rows []store.BatchRow, options store.BatchOptions) (store.BatchResult, error)
	RegisterSeries(ctx context.Context, by store.Caller, reg visit.Registration, series visit.Series, person visit.PersonID) (store.SeriesOutcome, error)
	SeriesVisits(ctx context.Context, scope store.Scope, id visit.SeriesID) ([]visit.Visit, error)
	CancelSeries(ctx context.Context, by store.Caller, id visit.SeriesID, from time.Time) (store.SeriesOutcome, error)
}

// maxBatchBody is how large requests about many visits may be, in octets.
const maxBatchBody = 1 << 20

// Refusal is why one of many was refused. Type is as in a problem.
type Refusal struct {
	Type   string         `json:"type"`
	Detail string         `json:"detail"`
	Errors []ProblemField `json:"errors,omitempty"`
}

// refusalIn says of one of many what a problem would say of one alone.
func refusalIn(p *Problem) *Refusal { return &Refusal{p.Type, p.Detail, p.Errors} }

// BatchSummary says in numbers what became of a batch.
type BatchSummary struct {
	Registered int  `json:"registered"`
	Good       int  `json:"good" doc:"Rows without a fault, whether or not they were registered."`
	Refused    int  `json:"refused"`
	DryRun     bool `json:"dry_run"`
}

func summaryOf(rows []store.RowResult, dry bool) BatchSummary {
	sum := BatchSummary{DryRun: dry}
	for _, row := range rows {
		switch {
		case row.Refused != nil:
			sum.Refused++
		case row.VisitID != "":
			sum.Registered, sum.Good = sum.Registered+1, sum.Good+1
		default:
			sum.Good++
		}
	}
	return sum
}

type batchInput struct {
	Keyed
	Body struct {
		Visits       []NewVisit `json:"visits" minItems:"1" maxItems:"200"`
		DryRun       bool       `json:"dry_run,omitempty" doc:"Find out what would happen; nothing is changed."`
		AllOrNothing bool       `json:"all_or_nothing,omitempty" doc:"One refused row keeps all others from being registered."`
	}
}

// BatchRow is what became of one row.
type BatchRow struct {
	VisitID visit.VisitID `json:"visit_id,omitempty" doc:"Absent where nothing was registered."`
	Refused *Refusal      `json:"refused,omitempty"`
}

type batchAnswer struct {
	Body struct {
		BatchSummary
		Rows []BatchRow `json:"rows" doc:"In the order of the request."`
	}
}

func (s *Server) registerBatch(ctx context.Context, in *batchInput) (*batchAnswer, error) {
	b := in.Body
	rows := each(b.Visits, func(v NewVisit) store.BatchRow {
		return store.BatchRow{Registration: v.registration(), PersonID: v.PersonID}
	})
	out, err := s.Store.RegisterBatch(ctx, s.keyed(ctx, in.Key, 200, "batch", b), rows, store.BatchOptions{DryRun: b.DryRun, AllOrNothing: b.AllOrNothing})
	if err != nil {
		return nil, err
	}
	a := &batchAnswer{}
	a.Body.BatchSummary = summaryOf(out.Rows, b.DryRun)
	a.Body.Rows = each(out.Rows, func(r store.RowResult) BatchRow {
		if r.Refused != nil {
			return BatchRow{Refused: refusalIn(problemFrom(r.Refused))}
		}
		return BatchRow{VisitID: r.VisitID}
	})
	return a, nil
}

type importInput struct {
	Keyed
	SiteID       visit.SiteID `query:"site_id" format:"uuid" required:"true"`
	DryRun       bool         `query:"dry_run" doc:"Find out what would happen; nothing is changed."`
	AllOrNothing bool         `query:"all_or_nothing" doc:"One refused line keeps all others from being registered."`
	RawBody      []byte       `contentType:"text/csv"`
}

// ImportRow is what became of one line.
type ImportRow struct {
	Line    int           `json:"line" doc:"Of the file; the first is 1 and names the columns."`
	VisitID visit.VisitID `json:"visit_id,omitempty" doc:"Absent where nothing was registered."`
	Refused *ImportFault  `json:"refused,omitempty"`
}

// ImportFault is what is wrong with a line. It never repeats what the line holds.
type ImportFault struct {
	Type   string `json:"type"`
	Detail string `json:"detail"`
	Column string `json:"column,omitempty" doc:"The column's name."`
	Place  int    `json:"place,omitempty" doc:"The column's place, 1 for the leftmost; absent where the file has no such column."`
}

type importAnswer struct {
	Body struct {
		BatchSummary
		Columns []string    `json:"columns" doc:"Of the file, from left to right."`
		Rows    []ImportRow `json:"rows"`
	}
}

// importVisits registers the visits of a spreadsheet.
func (s *Server) importVisits(ctx context.Context, in *importInput) (*importAnswer, error) {
	site, err := s.Store.Site(ctx, scopeOf(auth.PrincipalOf(ctx)), in.SiteID)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(site.Timezone)
	if err != nil {
		return nil, err
	}
	file, err := sheet.Parse(in.RawBody)
	if err != nil {
		return nil, err
	}
	rows := each(file.Rows, func(r sheet.Row) store.BatchRow {
		reg, refused := r.Registration(site.ID, zone)
		return store.BatchRow{Registration: reg, Refused: refused}
	})
	by := s.keyed(ctx, in.Key, 200, "import", in.SiteID, in.DryRun, in.AllOrNothing, in.RawBody)
	out, err := s.Store.RegisterBatch(ctx, by, rows, store.BatchOptions{DryRun: in.DryRun, AllOrNothing: in.AllOrNothing})
	if err != nil {
		return nil, err
	}
	a := &importAnswer{}
	a.Body.BatchSummary, a.Body.Columns, a.Body.Rows = summaryOf(out.Rows, in.DryRun), file.Columns, []ImportRow{}
	for i, r := range out.Rows {
		a.Body.Rows = append(a.Body.Rows, ImportRow{file.Rows[i].Line, r.VisitID, faultOf(file, r.Refused)})
	}
	return a, nil
}

func faultOf(file sheet.Sheet, refused *visit.Error) *ImportFault {
	if refused == nil {
		return nil
	}
	column := sheet.ColumnOf(refused.Field)
	return &ImportFault{problemType + refused.Code, refused.Message, column, file.Column(column)}
}

// checkInsAtOnce bounds how many check-ins of one request are under way together.
const checkInsAtOnce = 8

type checkInBatchInput struct {
	Keyed
	Body struct {
		IDs []visit.VisitID `json:"ids" minItems:"1" maxItems:"200" uniqueItems:"true" doc:"Of visits."`
	}
}

// CheckInRow is what became of one visit: what a check-in answers, or why not.
type CheckInRow struct {
	VisitID visit.VisitID `json:"visit_id"`
	Visit   *Visit        `json:"visit,omitempty"`
	Voucher *Voucher      `json:"voucher,omitempty"`
	Network Network       `json:"network,omitempty" enum:"ready,pending"`
	Refused *Refusal      `json:"refused,omitempty"`
}

type checkInBatchAnswer struct {
	Body struct {
		Rows     []CheckInRow               `json:"rows" doc:"In the order of the request."`
		Networks map[visit.SiteID][]Joining `json:"networks,omitempty" doc:"By site: how to get into its networks; present with credentials."`
	}
}

// checkInBatch checks many in, each as if alone: one that is refused keeps no other
// from being checked in. Agents are waited for once, for all of a site together.
func (s *Server) checkInBatch(ctx context.Context, in *checkInBatchInput) (*checkInBatchAnswer, error) {
	ids := in.Body.IDs
	rows, handed := make([]CheckInRow, len(ids)), make([]handedOut, len(ids))
	var deaf atomic.Bool // Temporal did not answer one: the others do not wait for it as well
	var group sync.WaitGroup
	places := make(chan struct{}, checkInsAtOnce)
	for i, id := range ids {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			rows[i], handed[i] = s.checkInOne(ctx, in.Key, id, &deaf)
		})
	}
	group.Wait()
	networks := s.networks(ctx, handed)
	a := &checkInBatchAnswer{}
	a.Body.Networks = map[visit.SiteID][]Joining{}
	for i, h := range handed {
		rows[i].Network = networks[h.site]
		if v := rows[i].Voucher; v != nil && v.Password != nil && a.Body.Networks[h.site] == nil {
			a.Body.Networks[h.site] = s.joining(ctx, h.site)
		}
	}
	a.Body.Rows = rows
	return a, nil
}

// handedOut is what agents of a site have to know before a voucher works.
type handedOut struct {
	site     visit.SiteID // empty: nothing was handed out
	revision int64
}

func (s *Server) checkInOne(ctx context.Context, key string, id visit.VisitID, deaf *atomic.Bool) (CheckInRow, handedOut) {
	row := CheckInRow{VisitID: id}
	if key != "" {
		key += " " + string(id) // each visit's request has its own
	}
	outcome, err := s.Store.RequestCheckIn(ctx, s.keyed(ctx, key, 200, "check-in", id), id)
	if err == nil {
		ctx, cancel := carryOn(ctx)
		defer cancel()
		v, voucher, revision, finishErr := s.finish(ctx, outcome, visit.DisclosedAtCheckIn, deaf)
		if err = finishErr; err == nil {
			row.Visit, row.Voucher = new(visitOf(v)), voucher
			return row, handedOut{v.SiteID, revision}
		}
	}
	row.Refused = refusalIn(problemOf(ctx, s.Logger, err))
	return row, handedOut{}
}

// networks waits a little for the agents of each site.
func (s *Server) networks(ctx context.Context, handed []handedOut) map[visit.SiteID]Network {
	newest := map[visit.SiteID]int64{}
	for _, h := range handed {
		if h.site != "" {
			newest[h.site] = max(newest[h.site], h.revision)
		}
	}
	states := map[visit.SiteID]Network{}
	var mu sync.Mutex // guards states
	var group sync.WaitGroup
	for site, revision := range newest {
		group.Go(func() {
			state := s.network(ctx, site, revision)
			mu.Lock()
			defer mu.Unlock()
			states[site] = state
		})
	}
	group.Wait()
	return states
}
