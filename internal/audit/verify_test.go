package audit_test

import (
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/audit"
)

const site = "01890a5d-ac96-774b-bcce-b302099a8057"

var (
	noon    = time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.UTC)
	signer  = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	trusted = signer.Public().(ed25519.PublicKey)
)

// chainOf builds a genuine chain of n rows.
func chainOf(t require.TestingT, name string, n int) ([]audit.Row, audit.Head) {
	head := audit.Head{Chain: name}
	rows := make([]audit.Row, 0, n)
	for i := range n {
		var row audit.Row
		var err error
		row, head, err = audit.Append(head, audit.Row{
			At: noon.Add(time.Duration(i) * time.Second), Actor: "user:7", Action: "visit.check_in",
			EventID: fmt.Sprint("e", i), Object: fmt.Sprint("visit:", i), Body: map[string]any{"n": i, "ok": true, "kind": "drill"},
		})
		require.NoError(t, err)
		rows = append(rows, row)
	}
	return rows, head
}

func verify(rows []audit.Row, anchors ...audit.Checkpoint) audit.Report {
	v := audit.NewVerifier()
	for _, checkpoint := range anchors {
		_ = v.Trust(checkpoint, trusted)
	}
	for _, row := range rows {
		_ = v.Add(row)
	}
	return v.Report()
}

func sign(t require.TestingT, head audit.Head) audit.Checkpoint {
	checkpoint, err := audit.Sign(head, noon, signer)
	require.NoError(t, err)
	return checkpoint
}

func headAt(rows []audit.Row, i int) audit.Head {
	return audit.Head{Chain: rows[i].Chain, Seq: rows[i].Seq, Hash: rows[i].Hash}
}

func TestGenuineChainsVerify(t *testing.T) {
	t.Parallel()
	first, firstHead := chainOf(t, site, 40)
	second, secondHead := chainOf(t, audit.Deployment, 7)
	v := audit.NewVerifier()
	require.NoError(t, v.Trust(sign(t, headAt(first, 19)), trusted))
	v.Expect(firstHead)
	v.Expect(secondHead)
	v.Expect(audit.Head{Chain: "a site without rows"})
	for i := range first { // chains may alternate
		require.NoError(t, v.Add(first[i]))
		if i < len(second) {
			require.NoError(t, v.Add(second[i]))
		}
	}
	require.Equal(t, audit.Report{OK: true, Rows: 47}, v.Report())
}

// An edit returns the edited rows and the positions that may be named: the place
// itself, or the next where the edit carries a hash that fits itself.
type edit func(t *rapid.T, rows []audit.Row) (edited []audit.Row, from, to int64)

var edits = map[string]edit{
	"change a field": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		change(t, &rows[i])
		return rows, int64(i + 1), int64(i + 1)
	},
	"change a field and hash again": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		rows[i].Object += "x"
		rehash(t, &rows[i])
		return rows, int64(i + 1), int64(i + 2)
	},
	"delete a row": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		return slices.Delete(rows, i, i+1), int64(i + 1), int64(i + 1)
	},
	"swap two rows": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-2).Draw(t, "row")
		j := rapid.IntRange(i+1, len(rows)-1).Draw(t, "other")
		rows[i], rows[j] = rows[j], rows[i]
		return rows, int64(i + 1), int64(i + 1)
	},
	"swap two rows but not their numbers": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-2).Draw(t, "row")
		j := rapid.IntRange(i+1, len(rows)-1).Draw(t, "other")
		rows[i], rows[j] = rows[j], rows[i]
		rows[i].Seq, rows[j].Seq = rows[j].Seq, rows[i].Seq
		return rows, int64(i + 1), int64(i + 1)
	},
	"insert a copy": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)).Draw(t, "before")
		j := rapid.IntRange(0, len(rows)-1).Draw(t, "copied")
		edited := slices.Insert(slices.Clone(rows), i, rows[j])
		if j == i {
			return edited, int64(i + 2), int64(i + 2) // the copy stands where the row stood
		}
		return edited, int64(i + 1), int64(i + 1)
	},
	"insert a forgery that fits": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "before")
		forged := rows[i]
		forged.Actor = "user:forged"
		rehash(t, &forged)
		return slices.Insert(slices.Clone(rows), i, forged), int64(i + 1), int64(i + 2)
	},
	"cut off the end": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		n := rapid.IntRange(0, len(rows)-1).Draw(t, "left")
		return rows[:n], int64(n + 1), int64(n + 1)
	},
	"rewrite from a row on": func(t *rapid.T, rows []audit.Row) ([]audit.Row, int64, int64) {
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		rows[i].Body = map[string]any{"forged": true}
		rehash(t, &rows[i])
		for j := i + 1; j < len(rows); j++ {
			rows[j].PrevHash = rows[j-1].Hash
			rehash(t, &rows[j])
		}
		return rows, int64(len(rows)), int64(len(rows)) // only the checkpoint can tell
	},
}

func TestAnySingleEditIsFound(t *testing.T) {
	t.Parallel()
	for name, apply := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				rows, head := chainOf(t, site, rapid.IntRange(2, 12).Draw(t, "rows"))
				checkpoint := sign(t, head)
				require.True(t, verify(rows, checkpoint).OK)

				edited, from, to := apply(t, rows)
				report := verify(edited, checkpoint)
				require.False(t, report.OK)
				require.Equal(t, int64(len(edited)), report.Rows)
				require.Equal(t, site, report.FirstBad.Chain)
				require.GreaterOrEqual(t, report.FirstBad.Seq, from, report.FirstBad.Reason)
				require.LessOrEqual(t, report.FirstBad.Seq, to, report.FirstBad.Reason)
			})
		})
	}
}

// Negative control: without the checkpoint the two edits that only it can find
// pass, so the property above does rest on it.
func TestWithoutCheckpointTheEndCanBeForged(t *testing.T) {
	t.Parallel()
	rows, head := chainOf(t, site, 5)
	require.True(t, verify(rows[:3]).OK)
	require.False(t, verify(rows[:3], sign(t, head)).OK)

	v := audit.NewVerifier()
	v.Expect(head)
	for _, row := range rows[:3] {
		require.NoError(t, v.Add(row))
	}
	require.Equal(t, int64(4), v.Report().FirstBad.Seq, "the recorded head finds it too")
}

func TestRowOfAnotherChainIsFound(t *testing.T) {
	t.Parallel()
	rows, head := chainOf(t, site, 5)
	rows[2].Chain = audit.Deployment
	report := verify(rows, sign(t, head))
	require.False(t, report.OK)
	require.Equal(t, audit.Deployment, report.FirstBad.Chain)
}

func TestOnlyTheFirstBreakIsReported(t *testing.T) {
	t.Parallel()
	rows, _ := chainOf(t, site, 9)
	rows[3].Actor, rows[6].Actor = "user:x", "user:x"
	v := audit.NewVerifier()
	for i, row := range rows {
		if err := v.Add(row); i == 3 {
			require.EqualError(t, err, "audit: chain "+site+", row 4: altered: its hash does not fit its content")
		} else {
			require.NoError(t, err)
		}
	}
	require.Equal(t, int64(4), v.Report().FirstBad.Seq)
}

func TestForgedCheckpointIsAFinding(t *testing.T) {
	t.Parallel()
	rows, head := chainOf(t, site, 3)
	genuine := sign(t, head)
	require.NoError(t, audit.VerifyCheckpoint(genuine, trusted))

	stranger := ed25519.NewKeyFromSeed([]byte("a key that nobody here has known"))
	foreign, err := audit.Sign(head, noon, stranger)
	require.NoError(t, err)
	for name, forge := range map[string]func(*audit.Checkpoint){
		"chain":     func(c *audit.Checkpoint) { c.Chain = audit.Deployment },
		"seq":       func(c *audit.Checkpoint) { c.Seq-- },
		"hash":      func(c *audit.Checkpoint) { c.Hash = rows[0].Hash },
		"instant":   func(c *audit.Checkpoint) { c.At = c.At.Add(time.Microsecond) },
		"signature": func(c *audit.Checkpoint) { c.Signature = foreign.Signature },
		"key":       func(c *audit.Checkpoint) { *c = foreign },
	} {
		forged := genuine
		forge(&forged)
		require.Error(t, audit.VerifyCheckpoint(forged, trusted), name)
		report := verify(rows, forged)
		require.False(t, report.OK, name)
		require.Equal(t, forged.Seq, report.FirstBad.Seq, name)
	}
	_, err = audit.Sign(audit.Head{Chain: site}, noon, signer)
	require.Error(t, err)
}

// change alters one field of a row and nothing else.
func change(t *rapid.T, row *audit.Row) {
	row.Body = maps.Clone(row.Body)
	switch rapid.IntRange(0, 10).Draw(t, "field") {
	case 0:
		row.Seq += rapid.SampledFrom([]int64{-1, 1, 1000}).Draw(t, "by")
	case 1:
		row.At = row.At.Add(rapid.SampledFrom([]time.Duration{-time.Hour, time.Microsecond}).Draw(t, "by"))
	case 2:
		row.Actor += "x"
	case 3:
		row.Action = "visit.check_out"
	case 4:
		row.EventID = ""
	case 5:
		row.Object, row.EventID = row.EventID, row.Object
	case 6:
		row.Body["n"] = row.Body["n"].(int64) + 1
	case 7:
		row.Body["ok"] = "true" // another type, the same look
	case 8:
		delete(row.Body, "kind")
	case 9:
		row.PrevHash = append(slices.Clone(row.PrevHash), 0)
	case 10:
		row.Hash = append([]byte{row.Hash[0] ^ 1}, row.Hash[1:]...)
	}
}

func rehash(t require.TestingT, row *audit.Row) {
	hash, err := audit.Hash(*row)
	require.NoError(t, err)
	row.Hash = hash
}
