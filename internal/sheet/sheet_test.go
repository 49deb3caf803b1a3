package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/sheet"
	"github.com/foyerhq/foyer/internal/visit"
)

func parse(t *testing.T, text string) sheet.Sheet {
	t.Helper()
	s, err := sheet.Parse([]byte(text))
	require.NoError(t, err)
	return s
}

func TestWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"commas":             "first_name,last_name\nZoë,Ångström\n",
		"semicolons":         "first_name;last_name\nZoë;Ångström\n",
		"a mark, CR and LF":  "\ufefffirst_name;last_name\r\nZoë;Ångström\r\n",
		"a mark and quotes":  "\ufeff\"first_name\";\"last_name\"\nZoë;\"Ångström\"",
		"names as people do": "First name, LAST-NAME \n Zoë , Ångström \n",
		"another order":      "last_name,first_name\nÅngström,Zoë\n",
		"blank lines":        "first_name,last_name\n\n,,\nZoë,Ångström\n , \n",
		"empty cells beyond": "first_name,last_name\nZoë,Ångström,,\n",
	} {
		s := parse(t, text)
		require.Len(t, s.Rows, 1, name)
		require.Equal(t, map[string]string{"first_name": "Zoë", "last_name": "Ångström"}, s.Rows[0].Cells, name)
		require.Nil(t, s.Rows[0].Refused, name)
	}
}

func TestCellsAreTexts(t *testing.T) {
	t.Parallel()
	s := parse(t, "last_name;company;purpose\n=1+1;@SUM(A1);\"two\nlines; and \"\"quotes\"\"\"\n-x;'y;+49\n")
	require.Equal(t, map[string]string{"last_name": "=1+1", "company": "@SUM(A1)", "purpose": "two\nlines; and \"quotes\""}, s.Rows[0].Cells)
	require.Equal(t, map[string]string{"last_name": "-x", "company": "'y", "purpose": "+49"}, s.Rows[1].Cells)
	require.Equal(t, []int{2, 4}, []int{s.Rows[0].Line, s.Rows[1].Line}, "lines of the file")
	require.Equal(t, 2, s.Column("company"))
	require.Equal(t, 0, s.Column("email"))
}

func TestFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                   "empty",
		"\ufeff":                             "empty",
		"last_name\nM\xfcller\n":             "Windows-1252",
		"\xff\xfel\x00a\x00":                 "UTF-16",
		"PK\x03\x04rest":                     "own file",
		"last_name,emial\nX,x@example.org\n": "Line 1, column 2",
		"last_name,company,Last Name\n":      "Line 1, column 3",
		"email\nx@example.org\n":             "neither last_name",
		"last_name,company\nX,\"open\n":      "quotation mark",
		"last_name,company\nX,Y\nX,in \"side\" \n": "Line 3",
		"last_name\n" + strings.Repeat("x\n", 501): "At most 500",
	} {
		_, err := sheet.Parse([]byte(text))
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), "%q", text)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "ller", "it quotes nothing")
	}
	require.Len(t, parse(t, "last_name\n"+strings.Repeat("x\n", 500)).Rows, 500)
}

func TestLinesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := parse(t, "last_name,arrival,departure\nOne,,,more\nTwo\x07,,\nThree,24/12/2026 9:00,\nFour,,soon\nFive\n")
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	var fields []string
	for _, row := range s.Rows {
		_, refused := row.Registration("site", berlin)
		if refused == nil {
			fields = append(fields, fmt.Sprint(row.Line, " good"))
			continue
		}
		fields = append(fields, fmt.Sprint(row.Line, " ", refused.Field))
	}
	require.Equal(t, []string{"2 ", "3 last_name", "4 arrival", "5 departure", "6 good"}, fields)
}

func TestTimesOfTheSheetAreTheSites(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	for text, want := range map[string]string{
		"2026-12-24 09:00":          "2026-12-24T08:00:00Z",
		"2026-12-24T09:00":          "2026-12-24T08:00:00Z",
		"2026-07-24 09:00:30":       "2026-07-24T07:00:30Z",
		"24.12.2026 09:00":          "2026-12-24T08:00:00Z",
		"4.7.2026 09:00":            "2026-07-04T07:00:00Z",
		"2026-12-24T09:00:00Z":      "2026-12-24T09:00:00Z",
		"2026-12-24T09:00:00-05:00": "2026-12-24T14:00:00Z",
		"2026-03-29 02:30":          "2026-03-29T01:30:00Z", // no clock shows it
	} {
		row := sheet.Row{Cells: map[string]string{"last_name": "X", "arrival": text}}
		reg, refused := row.Registration("site", berlin)
		require.Nil(t, refused, text)
		require.Equal(t, want, reg.ExpectedArrival.UTC().Format(time.RFC3339), text)
		require.True(t, reg.ExpectedDeparture.IsZero())
	}
	require.Equal(t, "host_email", sheet.ColumnOf("host.email"))
	require.Equal(t, "arrival", sheet.ColumnOf("arrival"))
}

// What is written is read, whatever it is.
func TestSheetsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[a-zäß=+@;,"' \n-]{0,8}[a-zäß]`)
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 3, 3), 1, 6).Draw(t, "rows")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.Comma = rapid.SampledFrom([]rune{',', ';'}).Draw(t, "separator")
		require.NoError(t, w.Write([]string{"last_name", "company", "purpose"}))
		require.NoError(t, w.WriteAll(rows))
		s, err := sheet.Parse(file.Bytes())
		require.NoError(t, err)
		require.Len(t, s.Rows, len(rows))
		for i, row := range rows {
			for j, column := range s.Columns {
				require.Equal(t, strings.TrimSpace(row[j]), s.Rows[i].Cells[column])
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("last_name;email\nX;y@example.org\n"))
	f.Add([]byte("\xef\xbb\xbflast_name,arrival\n\"X\",2026-12-24 09:00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := sheet.Parse(file)
		if err != nil {
			refused, ok := errors.AsType[*visit.Error](err)
			require.True(t, ok)
			require.Equal(t, visit.KindInvalid, refused.Kind)
			return
		}
		require.LessOrEqual(t, len(s.Rows), sheet.MaxRows)
		for _, row := range s.Rows {
			_, _ = row.Registration("site", time.UTC)
		}
	})
}
