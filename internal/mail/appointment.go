package mail

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Appointment is a visit in the visitor's calendar (RFC 5545, sent as RFC 5546
// prescribes). Instants are written in UTC, so that no zone's rules travel along.
type Appointment struct {
	UID         string // the same for the visit's life
	Sequence    int64  // grows with every change
	Stamp       time.Time
	Start, End  time.Time
	Summary     string
	Location    string
	Description string
	URL         string
	Organizer   string // address
	Attendee    string // address
	Cancelled   bool
}

func (a Appointment) method() string {
	if a.Cancelled {
		return "CANCEL"
	}
	return "REQUEST"
}

// ics returns the calendar object. Nobody is asked to answer: RSVP is false, and
// the visit does not depend on it.
func (a Appointment) ics() string {
	status := "CONFIRMED"
	if a.Cancelled {
		status = "CANCELLED"
	}
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Foyer//Foyer//EN", "METHOD:" + a.method(),
		"BEGIN:VEVENT",
		"UID:" + escape(a.UID),
		fmt.Sprintf("SEQUENCE:%d", a.Sequence),
		"DTSTAMP:" + utc(a.Stamp), "DTSTART:" + utc(a.Start), "DTEND:" + utc(a.End),
		"SUMMARY:" + escape(a.Summary),
	}
	for _, optional := range []struct{ name, value string }{
		{"LOCATION", escape(a.Location)}, {"DESCRIPTION", escape(a.Description)}, {"URL", a.URL},
	} {
		if optional.value != "" {
			lines = append(lines, optional.name+":"+optional.value)
		}
	}
	lines = append(lines,
		"ORGANIZER:mailto:"+a.Organizer,
		"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:"+a.Attendee,
		"STATUS:"+status, "TRANSP:OPAQUE",
		"END:VEVENT", "END:VCALENDAR", "")
	for i, line := range lines {
		lines[i] = fold(line)
	}
	return strings.Join(lines, "\r\n")
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// escape is for values of type TEXT (RFC 5545 3.3.11); other control characters
// have no place in one.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}

// fold breaks a line after 75 octets, between characters (RFC 5545 3.1).
func fold(line string) string {
	var out strings.Builder
	width := 0
	for _, r := range line {
		n := utf8.RuneLen(r)
		if width+n > 75 {
			out.WriteString("\r\n ")
			width = 1
		}
		out.WriteRune(r)
		width += n
	}
	return out.String()
}
