package visit

import (
	"fmt"
	"slices"
	"time"
)

// SeriesID names visits of one person on several days that were registered
// together.
type SeriesID string

// MaxSeries is how many days a series has at most.
const MaxSeries = 100

// Series says on which days somebody comes, and when, by the clock on the site's
// wall. Days are either listed or the weekdays of a span.
type Series struct {
	Dates    []string       // 2026-12-24
	From, To string         // the first and the last day
	Weekdays []time.Weekday // of the span; none: all
	Arrives  string         // 09:00
	Departs  string         // 17:00, on the same day
}

// Stay is one visit's time at a site.
type Stay struct {
	Day           string // 2026-12-24
	Arrives, Ends time.Time
}

const dayFormat, clockFormat = "2006-01-02", "15:04"

// Stays returns the series' visits in order, each day once. It returns KindInvalid
// errors that name the field.
func (s Series) Stays(zone *time.Location) ([]Stay, error) {
	arrives, err := time.Parse(clockFormat, s.Arrives)
	if err != nil {
		return nil, Invalid("series.arrives", "This is not a time such as 09:00.")
	}
	departs, err := time.Parse(clockFormat, s.Departs)
	switch {
	case err != nil:
		return nil, Invalid("series.departs", "This is not a time such as 17:00.")
	case !departs.After(arrives):
		return nil, Invalid("series.departs", "The departure is not after the arrival.")
	}
	days, err := s.days()
	if err != nil {
		return nil, err
	}
	stays := make([]Stay, len(days))
	for i, day := range days {
		stays[i] = Stay{day.Format(dayFormat), onTheWall(day, arrives, zone), onTheWall(day, departs, zone)}
		if !stays[i].Ends.After(stays[i].Arrives) {
			return nil, Invalid("series.departs", "On %s the clocks are set back: the departure is not after the arrival.", stays[i].Day)
		}
	}
	return stays, nil
}

func (s Series) days() ([]time.Time, error) {
	listed, span := len(s.Dates) > 0, s.From != "" || s.To != ""
	if listed == span || listed && len(s.Weekdays) > 0 {
		return nil, Invalid("series.dates", "Either dates, or from and to.")
	}
	if listed {
		return s.listed()
	}
	return s.span()
}

func (s Series) listed() ([]time.Time, error) {
	if len(s.Dates) > MaxSeries {
		return nil, Invalid("series.dates", "At most %d days.", MaxSeries)
	}
	var days []time.Time
	for i, text := range s.Dates {
		day, err := time.Parse(dayFormat, text)
		if err != nil {
			return nil, Invalid(fmt.Sprintf("series.dates[%d]", i), "This is not a day such as 2026-12-24.")
		}
		days = append(days, day)
	}
	slices.SortFunc(days, time.Time.Compare)
	return slices.Compact(days), nil
}

func (s Series) span() ([]time.Time, error) {
	from, err := time.Parse(dayFormat, s.From)
	if err != nil {
		return nil, Invalid("series.from", "This is not a day such as 2026-12-24.")
	}
	to, err := time.Parse(dayFormat, s.To)
	switch {
	case err != nil:
		return nil, Invalid("series.to", "This is not a day such as 2026-12-24.")
	case to.Before(from):
		return nil, Invalid("series.to", "The last day is before the first.")
	case to.Sub(from) > RegisteredAhead:
		return nil, Invalid("series.to", "At most ten years ahead.")
	}
	var days []time.Time
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		if len(s.Weekdays) > 0 && !slices.Contains(s.Weekdays, day.Weekday()) {
			continue
		}
		if days = append(days, day); len(days) > MaxSeries {
			return nil, Invalid("series.to", "At most %d days.", MaxSeries)
		}
	}
	if len(days) == 0 {
		return nil, Invalid("series.weekdays", "None of these weekdays is between the two days.")
	}
	return days, nil
}

// onTheWall returns the instant at which clocks in the zone show a time on a day. A
// time that they show twice is the first of the two; one that they skip is as much
// later as they skip (RFC 5545, 3.3.5).
func onTheWall(day, clock time.Time, zone *time.Location) time.Time {
	wall := time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, time.UTC)
	return Wall(wall, zone)
}

// Wall returns the instant at which clocks in the zone show what wall shows in UTC;
// where they show it twice or never, as calendars do (RFC 5545, 3.3.5): the first
// of the two, or by the offset from before the gap.
func Wall(wall time.Time, zone *time.Location) time.Time {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	first, second := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	if shows(first, wall, zone) || !shows(second, wall, zone) {
		return first
	}
	return second
}

func shows(at, wall time.Time, zone *time.Location) bool {
	const all = "2006-01-02 15:04:05"
	return at.In(zone).Format(all) == wall.Format(all)
}

// ErrSeriesNotFound says that no visit of the series may be seen.
var ErrSeriesNotFound = Errorf(KindNotFound, "series_not_found", "There is no such series.")
