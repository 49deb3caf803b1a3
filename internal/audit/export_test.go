package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/audit"
)

// export writes spans of chains, each with a checkpoint in its middle, as the
// server does.
func export(t require.TestingT, format audit.Format, key ed25519.PrivateKey, spans ...[]audit.Row) []byte {
	manifest := audit.Manifest{At: noon, From: &noon, Keys: 1, Checkpoints: len(spans)}
	for _, rows := range spans {
		first, last := rows[0], rows[len(rows)-1]
		manifest.Chains = append(manifest.Chains, audit.Span{
			Chain: first.Chain, First: first.Seq, PrevHash: first.PrevHash, Last: last.Seq, Hash: last.Hash,
		})
	}
	manifest, err := audit.SignManifest(manifest, key)
	require.NoError(t, err)
	var out bytes.Buffer
	e, err := audit.NewExporter(&out, format)
	require.NoError(t, err)
	require.NoError(t, e.Manifest(manifest))
	require.NoError(t, e.Key(key.Public().(ed25519.PublicKey)))
	for _, rows := range spans {
		checkpoint, err := audit.Sign(headAt(rows, len(rows)/2), noon, key)
		require.NoError(t, err)
		require.NoError(t, e.Checkpoint(checkpoint))
	}
	for _, rows := range spans {
		for _, row := range rows {
			require.NoError(t, e.Row(row))
		}
	}
	return out.Bytes()
}

func verifyExport(t require.TestingT, text []byte, keys ...ed25519.PublicKey) audit.ExportReport {
	report, err := audit.VerifyExport(bytes.NewReader(text), keys...)
	require.NoError(t, err)
	return report
}

var formats = []audit.Format{audit.NDJSON, audit.CSV}

func TestExportVerifiesByItself(t *testing.T) {
	t.Parallel()
	rows, _ := chainOf(t, site, 30)
	others, _ := chainOf(t, audit.Deployment, 5)
	for _, format := range formats {
		report := verifyExport(t, export(t, format, signer, others, rows[10:]), trusted)
		require.True(t, report.OK, "%v", report.FirstBad)
		require.Equal(t, int64(25), report.Rows)
		require.Equal(t, 2, report.Checkpoints)
		require.True(t, report.KeysPinned)
		require.Equal(t, []audit.SpanReport{
			{Chain: audit.Deployment, First: 1, Last: 5, Complete: true}, {Chain: site, First: 11, Last: 30},
		}, report.Chains)

		unpinned := verifyExport(t, export(t, format, signer, rows))
		require.True(t, unpinned.OK)
		require.False(t, unpinned.KeysPinned)
	}
}

// Control: who may choose the key can write any export. Pinning is what tells.
func TestExportOfAStrangerNeedsPinning(t *testing.T) {
	t.Parallel()
	rows, _ := chainOf(t, site, 5)
	stranger := ed25519.NewKeyFromSeed([]byte("a key that nobody here has known"))
	text := export(t, audit.NDJSON, stranger, rows)
	require.True(t, verifyExport(t, text).OK)
	report := verifyExport(t, text, trusted)
	require.False(t, report.OK)
	require.Equal(t, audit.ManifestPlace, report.FirstBad.Chain)
}

// lineEdits change an export's lines of rows, of which there are n from line
// first on, and return the number of the row that is to be named, counted from 0.
var lineEdits = map[string]func(t *rapid.T, lines []string, first int) ([]string, int){
	"change a character": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-1).Draw(t, "line")
		at := rapid.IntRange(0, len(lines[i])-1).Draw(t, "at")
		with := rapid.ByteRange(' ', '~').Filter(func(b byte) bool { return b != lines[i][at] && b != '\'' && b != '"' && b != ',' }).Draw(t, "with")
		lines[i] = lines[i][:at] + string(with) + lines[i][at+1:]
		return lines, i - first
	},
	"delete": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-1).Draw(t, "line")
		return slices.Delete(lines, i, i+1), i - first
	},
	"swap two": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-2).Draw(t, "line")
		j := rapid.IntRange(i+1, len(lines)-1).Draw(t, "other")
		lines[i], lines[j] = lines[j], lines[i]
		return lines, i - first
	},
	"truncate": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-1).Draw(t, "line")
		return lines[:i], i - first
	},
	"duplicate": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-1).Draw(t, "line")
		return slices.Insert(lines, i, lines[i]), i + 1 - first
	},
	"delete and insert again elsewhere": func(t *rapid.T, lines []string, first int) ([]string, int) {
		i := rapid.IntRange(first, len(lines)-1).Draw(t, "line")
		j := rapid.IntRange(first, len(lines)-2).Filter(func(j int) bool { return j != i }).Draw(t, "to")
		line := lines[i]
		return slices.Insert(slices.Delete(lines, i, i+1), j, line), min(i, j) - first
	},
}

// TestAnySingleEditOfAnExportIsFound is P22 on exports: whole chains and pieces,
// in both formats, name the first row that is not as it was.
func TestAnySingleEditOfAnExportIsFound(t *testing.T) {
	t.Parallel()
	for name, edit := range lineEdits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				format := rapid.SampledFrom(formats).Draw(t, "format")
				one, _ := chainOf(t, audit.Deployment, rapid.IntRange(2, 6).Draw(t, "rows"))
				two, _ := chainOf(t, site, rapid.IntRange(2, 6).Draw(t, "more rows"))
				one = one[rapid.IntRange(0, len(one)-2).Draw(t, "from"):]
				text := string(export(t, format, signer, one, two))
				require.True(t, verifyExport(t, []byte(text), trusted).OK, "the control")

				lines := strings.SplitAfter(text, "\n")
				lines = lines[:len(lines)-1]
				first := len(lines) - len(one) - len(two)
				edited, bad := edit(t, slices.Clone(lines), first)
				report := verifyExport(t, []byte(strings.Join(edited, "")), trusted)
				require.False(t, report.OK)
				want := audit.BadRow{Chain: site, Seq: int64(bad - len(one) + 1)}
				switch {
				case bad < len(one):
					want = audit.BadRow{Chain: audit.Deployment, Seq: one[bad].Seq}
				case bad >= len(one)+len(two):
					want.Seq = two[len(two)-1].Seq // the copy of the last, behind it
				}
				want.Reason = report.FirstBad.Reason
				require.Equal(t, want, *report.FirstBad)
			})
		})
	}
}

// What is not a row is under the manifest's signature.
func TestAnyEditOfAnExportsHeadIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows, _ := chainOf(t, site, 4)
		format := rapid.SampledFrom(formats).Draw(t, "format")
		lines := strings.SplitAfter(string(export(t, format, signer, rows)), "\n")
		head := len(lines) - 1 - len(rows)
		begin := 0
		if format == audit.CSV {
			begin = 1 // the names of the columns
		}
		i := rapid.IntRange(begin, head-1).Draw(t, "line")
		switch rapid.SampledFrom([]string{"change", "delete", "duplicate"}).Draw(t, "edit") {
		case "change":
			at := rapid.IntRange(0, len(lines[i])-2).Draw(t, "at")
			with := rapid.ByteRange('0', 'z').Filter(func(b byte) bool { return b != lines[i][at] }).Draw(t, "with")
			lines[i] = lines[i][:at] + string(with) + lines[i][at+1:]
		case "delete":
			lines = slices.Delete(lines, i, i+1)
		case "duplicate":
			lines = slices.Insert(lines, i, lines[i])
		}
		report, err := audit.VerifyExport(strings.NewReader(strings.Join(lines, "")), trusted)
		if err == nil {
			require.False(t, report.OK)
			require.NotNil(t, report.FirstBad)
		}
	})
}

func TestExportOfNothing(t *testing.T) {
	t.Parallel()
	report := verifyExport(t, export(t, audit.NDJSON, signer), trusted)
	require.True(t, report.OK)
	require.Zero(t, report.Rows)
	for _, text := range []string{"", "\n", "{}", "[1]", "a,b\n", `{"kind":"foyer.audit.row"}`} {
		_, err := audit.VerifyExport(strings.NewReader(text))
		require.ErrorIs(t, err, audit.ErrNoExport, text)
	}
}

// A row that was tampered with in the database before the export is exported and
// found.
func TestExportDoesNotHideABadRow(t *testing.T) {
	t.Parallel()
	rows, _ := chainOf(t, site, 6)
	rows[3].Actor = "user:other"
	report := verifyExport(t, export(t, audit.NDJSON, signer, rows), trusted)
	require.Equal(t, &audit.BadRow{Chain: site, Seq: 4, Reason: "altered: its hash does not fit its content"}, report.FirstBad)
}

func TestExportCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	row, _, err := audit.Append(audit.Head{Chain: site}, audit.Row{
		At: noon, Actor: "=cmd()", Action: "+1", Object: "-2", EventID: "'quoted", Body: map[string]any{"n": 1},
	})
	require.NoError(t, err)
	text := export(t, audit.CSV, signer, []audit.Row{row})
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, cells := range lines {
		for _, cell := range cells {
			require.NotRegexp(t, `^[=+\-@\t\r]`, cell)
		}
	}
	require.True(t, verifyExport(t, text, trusted).OK, "and it reads back exactly")
}

func TestParsePublicKey(t *testing.T) {
	t.Parallel()
	key, err := audit.ParsePublicKey(hex.EncodeToString(trusted))
	require.NoError(t, err)
	require.Equal(t, trusted, key)
	for _, text := range []string{"", "zz", hex.EncodeToString(trusted[:31])} {
		_, err := audit.ParsePublicKey(text)
		require.Error(t, err)
	}
}
