package visit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/visit"
)

func zone(t require.TestingT, name string) *time.Location {
	found, err := time.LoadLocation(name)
	require.NoError(t, err)
	return found
}

func days(stays []visit.Stay) []string {
	var list []string
	for _, s := range stays {
		list = append(list, s.Day)
	}
	return list
}

func TestSeriesByDatesAndByWeekdays(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	listed := visit.Series{Dates: []string{"2026-12-03", "2026-12-01", "2026-12-03"}, Arrives: "09:00", Departs: "17:30"}
	stays, err := listed.Stays(berlin)
	require.NoError(t, err)
	require.Equal(t, []string{"2026-12-01", "2026-12-03"}, days(stays), "in order, each once")
	require.Equal(t, time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), stays[0].Arrives.UTC())
	require.Equal(t, time.Date(2026, 12, 1, 16, 30, 0, 0, time.UTC), stays[0].Ends.UTC())

	span := visit.Series{From: "2026-12-01", To: "2026-12-10", Weekdays: []time.Weekday{time.Tuesday, time.Thursday}, Arrives: "09:00", Departs: "10:00"}
	stays, err = span.Stays(berlin)
	require.NoError(t, err)
	require.Equal(t, []string{"2026-12-01", "2026-12-03", "2026-12-08", "2026-12-10"}, days(stays), "both ends included")
}

// Nine o'clock stays nine o'clock when the clocks change.
func TestSeriesOverDaylightSavingChanges(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for name, c := range map[string]struct {
		zone, day, arrives, departs string
		from, to                    string
	}{
		"before":            {"Europe/Berlin", "2026-03-28", "09:00", "17:00", "2026-03-28T08:00:00Z", "2026-03-28T16:00:00Z"},
		"after":             {"Europe/Berlin", "2026-03-29", "09:00", "17:00", "2026-03-29T07:00:00Z", "2026-03-29T15:00:00Z"},
		"across the gap":    {"Europe/Berlin", "2026-03-29", "01:30", "03:30", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
		"in the gap":        {"Europe/Berlin", "2026-03-29", "02:30", "09:00", "2026-03-29T01:30:00Z", "2026-03-29T07:00:00Z"},
		"shown twice":       {"Europe/Berlin", "2026-10-25", "02:30", "09:00", "2026-10-25T00:30:00Z", "2026-10-25T08:00:00Z"},
		"gap at midnight":   {"Africa/Cairo", "2026-04-24", "00:30", "02:00", "2026-04-23T22:30:00Z", "2026-04-23T23:00:00Z"},
		"half an hour":      {"Australia/Lord_Howe", "2026-10-04", "02:15", "09:00", "2026-10-03T15:45:00Z", "2026-10-03T22:00:00Z"},
		"no summer at all":  {"Asia/Tokyo", "2026-03-29", "09:00", "17:00", "2026-03-29T00:00:00Z", "2026-03-29T08:00:00Z"},
		"new year in Samoa": {"Pacific/Apia", "2026-01-01", "09:00", "17:00", "2025-12-31T20:00:00Z", "2026-01-01T04:00:00Z"},
	} {
		s := visit.Series{Dates: []string{c.day}, Arrives: c.arrives, Departs: c.departs}
		stays, err := s.Stays(zone(t, c.zone))
		require.NoError(t, err, name)
		require.Equal(t, c.from, stays[0].Arrives.UTC().Format(time.RFC3339), name)
		require.Equal(t, c.to, stays[0].Ends.UTC().Format(time.RFC3339), name)
	}
	_, err := visit.Series{Dates: []string{"2026-03-29"}, Arrives: "02:30", Departs: "03:15"}.Stays(berlin)
	require.Error(t, err, "half past two is half past three that day")
}

func TestSeriesThatAreNone(t *testing.T) {
	t.Parallel()
	good := visit.Series{From: "2026-12-01", To: "2026-12-02", Arrives: "09:00", Departs: "17:00"}
	for field, spoil := range map[string]func(*visit.Series){
		"series.arrives":  func(s *visit.Series) { s.Arrives = "9 am" },
		"series.departs":  func(s *visit.Series) { s.Departs = "09:00" },
		"series.from":     func(s *visit.Series) { s.From = "01.12.2026" },
		"series.to":       func(s *visit.Series) { s.To = "2026-11-30" },
		"series.dates":    func(s *visit.Series) { s.Dates = []string{"2026-12-01"} },
		"series.dates[1]": func(s *visit.Series) { s.From, s.To, s.Dates = "", "", []string{"2026-02-28", "2026-02-29"} },
		"series.weekdays": func(s *visit.Series) { s.Weekdays = []time.Weekday{time.Sunday} },
	} {
		s := good
		spoil(&s)
		_, err := s.Stays(time.UTC)
		var refused *visit.Error
		require.ErrorAs(t, err, &refused, field)
		require.Equal(t, field, refused.Field)
	}
	long := visit.Series{From: "2026-01-01", To: "2026-04-10", Arrives: "09:00", Departs: "17:00"}
	stays, err := long.Stays(time.UTC)
	require.NoError(t, err)
	require.Len(t, stays, visit.MaxSeries)
	long.To = "2026-04-11"
	_, err = long.Stays(time.UTC)
	require.Error(t, err)
}

func TestWallShowsWhatWasAskedWheneverItCan(t *testing.T) {
	t.Parallel()
	zones := []*time.Location{zone(t, "Europe/Berlin"), zone(t, "America/New_York"), zone(t, "Australia/Lord_Howe"), zone(t, "Africa/Casablanca"), time.UTC}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "at"), 0).In(in)
		wall := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		got := visit.Wall(wall, in).In(in)
		require.Equal(t, at.Format(time.DateTime), got.Format(time.DateTime))
		require.False(t, got.After(at), "the first of two")
	})
}
