package roll

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// Files are the two files that pfSense keeps for a roll.
type Files struct {
	Used   string // the mask, see [Mask]
	Active string // lines of CODE,START,MINUTES: as typed, epoch seconds, and for how long
}

// Import makes entries of a roll's files, so that it goes on here where it was.
// Active codes keep their start and end, what they were spelt like does not matter;
// all other used ones are used up. Lines whose code is not of this roll are what
// the original leaves behind when it meets foreign codes; they are passed over.
func Import(s Series, r Roll, files Files) ([]Entry, error) {
	mask, err := ParseMask(files.Used, r.Last())
	if err != nil {
		return nil, err
	}
	active, err := s.active(r, files.Active)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for _, e := range mask.Entries(r.ID) {
		if _, ok := active[e.Ticket]; !ok {
			entries = append(entries, e)
		}
	}
	for t, record := range active {
		entries = append(entries, Entry{t, record})
	}
	return entries, nil
}

// active reads the active file. Of two spellings of one ticket the longer counts.
func (s Series) active(r Roll, text string) (map[Ticket]Record, error) {
	records := map[Ticket]Record{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		code, record, ok := parseActive(strings.TrimSpace(line))
		if !ok {
			return nil, visit.Invalid("active", "Line %d is not of the form CODE,START,MINUTES. Copy the whole file again.", number)
		}
		claim := s.find(code)
		if claim.Err != nil || claim.Of.ID != r.ID || record.For == 0 {
			continue
		}
		record.Holder = claim.Ticket()
		old, ok := records[record.Holder]
		if !ok || record.At.Add(record.For).After(old.At.Add(old.For)) {
			records[record.Holder] = record
		}
	}
	return records, nil
}

// maxStart is the year 10000, whose instants have no RFC 3339 form.
const maxStart = 253402300800

// parseActive reads a line of the active file. No code has a comma in it.
func parseActive(line string) (code string, record Record, ok bool) {
	fields := strings.Split(line, ",")
	if len(fields) != 3 {
		return "", Record{}, false
	}
	start, err1 := strconv.ParseUint(fields[1], 10, 64)
	minutes, err2 := strconv.ParseUint(fields[2], 10, 64)
	ok = err1 == nil && err2 == nil && start < maxStart && minutes <= uint64(MaxFor/time.Minute)
	return fields[0], Record{At: time.Unix(int64(start), 0).UTC(), For: time.Duration(minutes) * time.Minute}, ok
}

// Export makes pfSense's files of a roll's state at an instant, so that it goes on
// there. What a holder was given in several codes becomes its minutes; a begun
// minute is given whole.
func Export(p *Printer, u *Usage, r Roll, now time.Time) Files {
	var active strings.Builder
	for ticket := r.First; ticket <= r.Last(); ticket++ {
		t := Ticket{r.ID, ticket}
		record, ends := u.Of(t), u.EndsAt(t)
		if record.At.IsZero() || !ends.After(now) {
			continue
		}
		minutes := (ends.Sub(record.At) + time.Minute - 1) / time.Minute
		fmt.Fprintf(&active, "%s,%d,%d\n", p.Code(r.Number, ticket), record.At.Unix(), minutes)
	}
	return Files{Used: u.Mask(r).Text(), Active: active.String()}
}
