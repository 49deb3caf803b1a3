package visit

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)

func registration() Registration {
	return Registration{Visitor: Visitor{FirstName: " Ada ", LastName: "Lovelace"}}
}

func TestNormalizeFillsDefaults(t *testing.T) {
	t.Parallel()
	r, err := registration().Normalize(Site{}, noon)
	require.NoError(t, err)
	require.Equal(t, "Ada", r.Visitor.FirstName)
	require.Equal(t, noon, r.ExpectedArrival)
	require.Equal(t, noon.Add(DefaultStay), r.ExpectedDeparture)

	r, err = registration().Normalize(Site{MaxStay: time.Hour}, noon)
	require.NoError(t, err)
	require.Equal(t, noon.Add(time.Hour), r.ExpectedDeparture, "never longer than the site allows")
}

// A stay is a length of time, not a distance on the wall: the clocks change in
// the night before noon.
func TestStayOverDaylightSavingChange(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	r := registration()
	r.ExpectedArrival = time.Date(2026, 3, 28, 12, 0, 0, 0, berlin)
	r.ExpectedDeparture = time.Date(2026, 3, 29, 13, 0, 0, 0, berlin)
	_, err = r.Normalize(Site{}, noon.Add(-48*time.Hour))
	require.NoError(t, err, "25 hours on the clock are 24 hours")
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*Registration)
		site   Site
		field  string
		want   error
	}{
		"no name":           {change: func(r *Registration) { r.Visitor = Visitor{FirstName: "  "} }, field: "visitor.last_name"},
		"long name":         {change: func(r *Registration) { r.Visitor.LastName = strings.Repeat("ä", maxName+1) }, field: "visitor.last_name"},
		"long company":      {change: func(r *Registration) { r.Visitor.Company = strings.Repeat("c", maxName+1) }, field: "visitor.company"},
		"NUL":               {change: func(r *Registration) { r.Purpose = "a\x00b" }, field: "purpose"},
		"not UTF-8":         {change: func(r *Registration) { r.Host.Name = "\xff" }, field: "host.name"},
		"no address":        {change: func(r *Registration) { r.Visitor.Email = "ada" }, field: "visitor.email"},
		"header in address": {change: func(r *Registration) { r.Host.Email = "a@b\r\nBcc: c@d" }, field: "host.email"},
		"departure passed":  {change: func(r *Registration) { r.ExpectedDeparture = noon }, want: ErrDepartureInPast},
		"departure first": {change: func(r *Registration) {
			r.ExpectedArrival, r.ExpectedDeparture = noon.Add(2*time.Hour), noon.Add(time.Hour)
		}, field: "expected_departure"},
		"beyond any calendar": {change: func(r *Registration) {
			r.ExpectedArrival = time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC)
			r.ExpectedDeparture = r.ExpectedArrival.Add(2 * time.Hour)
		}, field: "expected_arrival"},
		"too long": {change: func(r *Registration) { r.ExpectedDeparture = noon.Add(DefaultMaxStay + time.Second) }, want: ErrStayTooLong},
		"archived": {change: func(*Registration) {}, site: Site{ArchivedAt: &noon}, want: ErrSiteArchived},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := registration()
			c.change(&r)
			_, err := r.Normalize(c.site, noon)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				return
			}
			refusal, ok := errors.AsType[*Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, KindInvalid, refusal.Kind)
			require.Equal(t, c.field, refusal.Field)
		})
	}
}

func TestWhatEachStateAllows(t *testing.T) {
	t.Parallel()
	in := noon.Add(-time.Hour)
	visits := map[Status]Visit{
		PreRegistered: {Status: PreRegistered},
		CheckedIn:     {Status: CheckedIn, CheckedInAt: &in},
		CheckedOut:    {Status: CheckedOut, CheckedInAt: &in, EndedAt: &noon},
		Expired:       {Status: Expired, CheckedInAt: &in, EndedAt: &noon},
		Cancelled:     {Status: Cancelled, EndedAt: &noon},
		NoShow:        {Status: NoShow, EndedAt: &noon},
	}
	type refusals struct{ checkIn, cancel, move, readmit error }
	for status, want := range map[Status]refusals{
		PreRegistered: {readmit: ErrAlreadyCheckIn},
		CheckedIn:     {cancel: ErrAlreadyCheckIn, readmit: ErrAlreadyCheckIn},
		CheckedOut:    {checkIn: ErrVisitEnded, cancel: ErrVisitEnded, move: ErrVisitEnded},
		Expired:       {checkIn: ErrVisitEnded, cancel: ErrVisitEnded, move: ErrVisitEnded},
		Cancelled:     {checkIn: ErrVisitCancelled, move: ErrVisitCancelled, readmit: ErrVisitCancelled},
		NoShow:        {checkIn: ErrVisitEnded, cancel: ErrVisitEnded, move: ErrVisitEnded, readmit: ErrVisitCancelled},
	} {
		v := visits[status]
		v.ExpectedArrival, v.ExpectedDeparture = in, noon.Add(time.Hour)
		_, moved := v.Move(noon.Add(2*time.Hour), Site{}, noon)
		require.Equal(t, want.checkIn, v.CheckIn(noon), "%s: check-in", status)
		require.Equal(t, want.cancel, v.Cancel(), "%s: cancel", status)
		require.Equal(t, want.move, moved, "%s: move", status)
		require.Equal(t, want.readmit, v.Readmit(noon), "%s: readmit", status)
		require.Equal(t, status != PreRegistered && status != CheckedIn, status.Ended())
	}
}

func TestEdgesOfWhatIsAllowed(t *testing.T) {
	t.Parallel()
	late := Visit{Status: PreRegistered, ExpectedDeparture: noon}
	require.ErrorIs(t, late.CheckIn(noon), ErrDepartureInPast)
	require.NoError(t, Visit{Status: CheckedIn, ExpectedDeparture: noon}.CheckIn(noon), "checked in twice is no refusal")
	require.ErrorIs(t, Visit{Status: PreRegistered, CheckInRequestedAt: &noon}.Cancel(), ErrAlreadyCheckIn, "cancel racing check-in")
	_, err := Visit{Status: CheckedIn, CheckOutRequestedAt: &noon}.Move(noon.Add(time.Hour), Site{}, noon)
	require.ErrorIs(t, err, ErrVisitEnded, "who is leaving stays no longer")
	ended := noon.Add(-ReadmitWithin)
	v := Visit{Status: CheckedOut, EndedAt: &ended}
	require.NoError(t, v.Readmit(noon))
	require.ErrorIs(t, v.Readmit(noon.Add(time.Second)), ErrReadmitTooLate)
}

// However a visit ends, the first committed reason decides, and it never ends
// without one.
func TestWhoComesEarlyStaysNoLongerThanTheSiteAllows(t *testing.T) {
	t.Parallel()
	v := Visit{ExpectedArrival: noon, ExpectedDeparture: noon.Add(8 * time.Hour)}
	require.Equal(t, v.ExpectedDeparture, v.DepartureFrom(noon, Site{}))
	require.Equal(t, v.ExpectedDeparture, v.DepartureFrom(noon.Add(-16*time.Hour), Site{}), "the longest stay itself")
	early := noon.Add(-7 * 24 * time.Hour)
	require.Equal(t, early.Add(DefaultMaxStay), v.DepartureFrom(early, Site{}))
	require.Equal(t, v.ExpectedDeparture, v.DepartureFrom(early, Site{MaxStay: 30 * 24 * time.Hour}))
}

func TestDecideEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		asked, cancelled := rapid.Bool().Draw(t, "asked"), rapid.Bool().Draw(t, "cancelled")
		left := time.Duration(rapid.IntRange(-3, 3).Draw(t, "left")) * time.Second
		v := Visit{Status: CheckedIn, ExpectedDeparture: noon.Add(left)}
		if asked {
			v.CheckOutRequestedAt, v.CheckOutRequestedBy = &noon, "user:1"
		}
		end, ok := v.DecideEnd(noon, cancelled)
		switch {
		case asked:
			require.Equal(t, End{CheckedOut, Left, "user:1"}, end)
		case left <= 0:
			require.Equal(t, End{Expired, Unconfirmed, ActorTimer}, end)
		case cancelled:
			require.Equal(t, End{CheckedOut, Left, ActorOperator}, end)
		default:
			require.False(t, ok)
			return
		}
		require.True(t, ok)
		require.True(t, TerminalEvent(end.Status).Terminal())
	})
}
