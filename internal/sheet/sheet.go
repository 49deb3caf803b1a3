package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/visit"
)

// MaxRows is how many visits a sheet has at most.
const MaxRows = 500

// The columns. Names and arrival and departure are in ColumnNames' order.
const (
	FirstName = "first_name"
	LastName  = "last_name"
	Email     = "email"
	Phone     = "phone"
	Company   = "company"
	HostName  = "host_name"
	HostEmail = "host_email"
	Purpose   = "purpose"
	Arrival   = "arrival"
	Departure = "departure"
)

// ColumnNames are all columns that a sheet may have.
var ColumnNames = []string{FirstName, LastName, Email, Phone, Company, HostName, HostEmail, Purpose, Arrival, Departure}

// Row is a line with its cells, by column. Blanks around a cell are gone, and
// columns that the sheet has not are absent.
type Row struct {
	Line    int
	Cells   map[string]string
	Refused *visit.Error // of the whole line; Field is empty or the column's name
}

// Sheet is what was read: the columns that it has, from left to right, and its
// rows. Lines without anything in them are left out.
type Sheet struct {
	Columns []string
	Rows    []Row
}

// Column returns a column's place, 1 for the leftmost, or 0 where the sheet has not
// got it.
func (s Sheet) Column(name string) int { return slices.Index(s.Columns, name) + 1 }

// Layout is what a sheet may hold.
type Layout struct {
	What  string            // its rows are, for people: visits
	Names []string          // of the columns
	AnyOf []string          // of which there must be one
	Map   map[string]string // columns that are named otherwise in this file, in any spelling; empty: one to pass over
}

var visitors = Layout{What: "visits", Names: ColumnNames, AnyOf: []string{LastName, FirstName}}

// Parse reads a sheet of visits. It returns KindInvalid errors about the file as a
// whole; what is wrong with one line is with its row.
func Parse(file []byte) (Sheet, error) { return visitors.Parse(file) }

// Parse reads a sheet of this layout, as the package's Parse does.
func (l Layout) Parse(file []byte) (Sheet, error) {
	text, err := decoded(file)
	if err != nil {
		return Sheet{}, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = separator(text), -1
	header, err := r.Read()
	switch {
	case errors.Is(err, io.EOF):
		return Sheet{}, visit.Invalid("file", "The file is empty. Its first line names the columns.")
	case err != nil:
		return Sheet{}, unreadable(err)
	}
	s := Sheet{}
	if s.Columns, err = l.columns(header); err != nil {
		return Sheet{}, err
	}
	return s, s.read(r, l.What)
}

func (s *Sheet) read(r *csv.Reader, what string) error {
	for {
		cells, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return unreadable(err)
		case !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }):
			continue
		case len(s.Rows) == MaxRows:
			return visit.Invalid("file", "At most %d %s in one file.", MaxRows, what)
		}
		line, _ := r.FieldPos(0)
		s.Rows = append(s.Rows, s.row(line, cells))
	}
}

func (s *Sheet) row(line int, cells []string) Row {
	row := Row{Line: line, Cells: map[string]string{}}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		switch {
		case i >= len(s.Columns):
			if cell != "" {
				row.Refused = visit.Invalid("", "The line has %d cells, the first line %d.", len(cells), len(s.Columns))
			}
		case s.Columns[i] == "":
		case strings.ContainsFunc(cell, control):
			row.Refused = visit.Invalid(s.Columns[i], "The cell holds control characters.")
		default:
			row.Cells[s.Columns[i]] = cell
		}
	}
	return row
}

func control(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }

// decoded is the text without the mark at its beginning, if it is UTF-8.
func decoded(file []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xfe")), bytes.HasPrefix(file, []byte("\xfe\xff")):
		return nil, notUTF8("UTF-16")
	case bytes.HasPrefix(file, []byte("PK\x03\x04")), bytes.HasPrefix(file, []byte("\xd0\xcf\x11\xe0")):
		return nil, visit.Invalid("file", "This is a spreadsheet's own file. Save it as “CSV UTF-8”.")
	}
	text := bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return nil, notUTF8("Windows-1252 or another old encoding")
	}
	return text, nil
}

func notUTF8(encoding string) error {
	return visit.Invalid("file", "The file is not UTF-8 but looks like %s: names would be garbled. Save it as “CSV UTF-8”.", encoding)
}

// separator looks at the first line, in which no name holds either of the two.
func separator(text []byte) rune {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if bytes.ContainsRune(first, ';') {
		return ';'
	}
	return ','
}

var spelling = strings.NewReplacer(" ", "_", "-", "_")

// spelt is how a column's name is compared.
func spelt(name string) string { return spelling.Replace(strings.ToLower(strings.TrimSpace(name))) }

func (l Layout) columns(header []string) ([]string, error) {
	called := make(map[string]string, len(l.Map))
	for theirs, ours := range l.Map {
		called[spelt(theirs)] = ours
	}
	names := make([]string, len(header))
	for i, cell := range header {
		name := spelt(cell)
		ours, mapped := called[name]
		if mapped {
			name = ours
		}
		switch {
		case mapped && name == "":
			continue
		case !slices.Contains(l.Names, name):
			return nil, visit.Invalid("file", "Line 1, column %d: no such column. There are %s.", i+1, strings.Join(l.Names, ", "))
		case slices.Contains(names[:i], name):
			return nil, visit.Invalid("file", "Line 1, column %d: there are two columns %s.", i+1, name)
		}
		names[i] = name
	}
	if !slices.ContainsFunc(l.AnyOf, func(name string) bool { return slices.Contains(names, name) }) {
		return nil, visit.Invalid("file", "The first line names the columns; there is neither %s.", strings.Join(l.AnyOf, " nor "))
	}
	return names, nil
}

// unreadable says where the file stops being CSV.
func unreadable(err error) error {
	if where, ok := errors.AsType[*csv.ParseError](err); ok {
		return visit.Invalid("file", "Line %d, character %d: a quotation mark is not closed, or stands where none can. "+
			"Cells with quotation marks are written in quotation marks, theirs doubled.", where.Line, where.Column)
	}
	return visit.Invalid("file", "This is not CSV.")
}
