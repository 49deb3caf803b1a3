package sheet

import (
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// instants are how a time may be written, beside RFC 3339: as it stands on the
// clock at the site. Days and months with slashes are not among them, because
// nobody can tell which is which.
var instants = []string{
	"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05",
	"02.01.2006 15:04", "02.01.2006 15:04:05", "2.1.2006 15:04",
}

// Registration is the visit that a row describes, at a site in whose zone the
// clocks are read. What is wrong with it names the column.
func (r Row) Registration(site visit.SiteID, zone *time.Location) (visit.Registration, *visit.Error) {
	c := r.Cells
	reg := visit.Registration{
		SiteID:  site,
		Visitor: visit.Visitor{FirstName: c[FirstName], LastName: c[LastName], Email: c[Email], Phone: c[Phone], Company: c[Company]},
		Host:    visit.Host{Name: c[HostName], Email: c[HostEmail]},
		Purpose: c[Purpose],
	}
	if r.Refused != nil {
		return reg, r.Refused
	}
	for column, at := range map[string]*time.Time{Arrival: &reg.ExpectedArrival, Departure: &reg.ExpectedDeparture} {
		parsed, ok := instant(c[column], zone)
		if !ok {
			return reg, visit.Invalid(column, "This is not a time such as 2026-12-24 09:00.")
		}
		*at = parsed
	}
	return reg, nil
}

// instant reads a time; an empty one is the zero instant, for the usual.
func instant(text string, zone *time.Location) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, true
	}
	for _, layout := range instants {
		if wall, err := time.Parse(layout, text); err == nil {
			return visit.Wall(wall, zone), true
		}
	}
	return time.Time{}, false
}

// columnOf says in which column a field of a registration is written.
var columnOf = map[string]string{
	"visitor.first_name": FirstName, "visitor.last_name": LastName, "visitor.email": Email, "visitor.phone": Phone, "visitor.company": Company,
	"host.name": HostName, "host.email": HostEmail, "purpose": Purpose, "expected_arrival": Arrival, "expected_departure": Departure,
}

// ColumnOf returns the column of a registration's field, or of a column its name;
// empty for what is in none.
func ColumnOf(field string) string {
	if column, ok := columnOf[field]; ok {
		return column
	}
	return field
}
