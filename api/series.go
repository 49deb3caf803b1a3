package api

import (
	"context"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/visit"
)

// Series says on which days somebody comes, and when by the clock at the site.
type Series struct {
	Dates    []string `json:"dates,omitempty" maxItems:"100" doc:"Days. Either these, or from and to."`
	From     string   `json:"from,omitempty" example:"2026-12-01"`
	To       string   `json:"to,omitempty" example:"2026-12-24" doc:"The last day."`
	Weekdays []string `json:"weekdays,omitempty" maxItems:"7" enum:"mon,tue,wed,thu,fri,sat,sun" doc:"Of from to to; all when absent."`
	Arrives  string   `json:"arrives" example:"09:00"`
	Departs  string   `json:"departs" example:"17:00" doc:"On the same day."`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (s Series) series() visit.Series {
	out := visit.Series{Dates: s.Dates, From: s.From, To: s.To, Arrives: s.Arrives, Departs: s.Departs}
	for _, day := range s.Weekdays {
		out.Weekdays = append(out.Weekdays, time.Weekday(slices.Index(weekdays, day)))
	}
	return out
}

type seriesInput struct {
	Keyed
	Body struct {
		VisitOf
		Series Series `json:"series"`
	}
}

type seriesAnswer struct {
	Body struct {
		SeriesID visit.SeriesID `json:"series_id"`
		Visits   []Visit        `json:"visits" doc:"In order of their arrival."`
	}
}

func answerSeries(id visit.SeriesID, visits []visit.Visit, err error) (*seriesAnswer, error) {
	if err != nil {
		return nil, err
	}
	a := &seriesAnswer{}
	a.Body.SeriesID, a.Body.Visits = id, each(visits, visitOf)
	return a, nil
}

// registerSeries registers a visit for each day, or none.
func (s *Server) registerSeries(ctx context.Context, in *seriesInput) (*seriesAnswer, error) {
	b := in.Body
	out, err := s.Store.RegisterSeries(ctx, s.keyed(ctx, in.Key, 201, "series", b), b.registration(), b.Series.series(), b.PersonID)
	return answerSeries(out.ID, out.Visits, err)
}

// SeriesPath is embedded by every request about one series.
type SeriesPath struct {
	Series visit.SeriesID `path:"series" format:"uuid"`
}

func (s *Server) readSeries(ctx context.Context, in *SeriesPath) (*seriesAnswer, error) {
	visits, err := s.Store.SeriesVisits(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Series)
	return answerSeries(in.Series, visits, err)
}

type cancelSeriesInput struct {
	SeriesPath
	Keyed
	Body *RestOfSeries
}

// RestOfSeries says from when on.
type RestOfSeries struct {
	From time.Time `json:"from,omitempty" required:"false" doc:"Visits that arrive earlier stay. All that are only expected when absent."`
}

func (s *Server) cancelSeries(ctx context.Context, in *cancelSeriesInput) (*seriesAnswer, error) {
	var from time.Time
	if in.Body != nil {
		from = in.Body.From
	}
	out, err := s.Store.CancelSeries(ctx, s.keyed(ctx, in.Key, 200, "cancel-series", in.Series, in.Body), in.Series, from)
	return answerSeries(in.Series, out.Visits, err)
}
