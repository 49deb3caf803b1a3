package audit_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/audit"
)

// vector is one row with the document and the hash any implementation must get.
type vector struct {
	Name      string         `json:"name"`
	Chain     string         `json:"chain"`
	Seq       int64          `json:"seq"`
	At        time.Time      `json:"at"`
	Actor     string         `json:"actor"`
	Action    string         `json:"action"`
	EventID   string         `json:"event_id"`
	Object    string         `json:"object"`
	Body      map[string]any `json:"body"`
	PrevHash  string         `json:"prev_hash"`
	Canonical string         `json:"canonical"`
	Hash      string         `json:"hash"`
}

func TestVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var vectors []vector
	require.NoError(t, json.Unmarshal(text, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		raw, err := json.Marshal(v.Body)
		require.NoError(t, err)
		body, err := audit.ParseBody(raw)
		require.NoError(t, err)
		prev, err := hex.DecodeString(v.PrevHash)
		require.NoError(t, err)
		row := audit.Row{
			Chain: v.Chain, Seq: v.Seq, At: v.At, Actor: v.Actor, Action: v.Action,
			EventID: v.EventID, Object: v.Object, Body: body, PrevHash: prev,
		}
		document, err := audit.Canonical(row)
		require.NoError(t, err)
		require.Equal(t, v.Canonical, string(document), v.Name)
		hash, err := audit.Hash(row)
		require.NoError(t, err)
		require.Equal(t, v.Hash, hex.EncodeToString(hash), v.Name)
	}
}

func TestCheckpointVector(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/checkpoint.json")
	require.NoError(t, err)
	var v struct {
		Seed, Chain, Hash, Signature string
		KeyID                        string `json:"key_id"`
		Seq                          int64
		At                           time.Time
	}
	require.NoError(t, json.Unmarshal(text, &v))
	seed, err := hex.DecodeString(v.Seed)
	require.NoError(t, err)
	hash, err := hex.DecodeString(v.Hash)
	require.NoError(t, err)
	checkpoint, err := audit.Sign(audit.Head{Chain: v.Chain, Seq: v.Seq, Hash: hash}, v.At, ed25519.NewKeyFromSeed(seed))
	require.NoError(t, err)
	require.Equal(t, v.KeyID, checkpoint.KeyID)
	require.Equal(t, v.Signature, hex.EncodeToString(checkpoint.Signature))
}

// What Postgres gives back must hash as what was appended: microseconds, another
// zone, integers through jsonb.
func TestRowSurvivesTheDatabase(t *testing.T) {
	t.Parallel()
	type kind string
	row, _, err := audit.Append(audit.Head{Chain: site}, audit.Row{
		At: noon, Actor: "system:sweeper", Action: "visit.expire",
		Body: map[string]any{"kind": kind("drill"), "count": 3, "epoch": int64(1<<53 - 1), "departs_at": noon, "real": false},
	})
	require.NoError(t, err)
	require.Equal(t, noon.Truncate(time.Microsecond), row.At)
	require.Equal(t, map[string]any{
		"kind": "drill", "count": int64(3), "epoch": int64(1<<53 - 1), "departs_at": "2026-03-01T12:00:00.123456Z", "real": false,
	}, row.Body)

	stored, err := json.Marshal(row.Body)
	require.NoError(t, err)
	back := row
	back.At = row.At.In(time.FixedZone("east", 7200))
	back.Body, err = audit.ParseBody(stored)
	require.NoError(t, err)
	hash, err := audit.Hash(back)
	require.NoError(t, err)
	require.Equal(t, row.Hash, hash)
}

func TestEmptyAndAbsentBodyAreTheSame(t *testing.T) {
	t.Parallel()
	row := audit.Row{Chain: site, Seq: 1, At: noon, Actor: "a", Action: "b"}
	absent, err := audit.Hash(row)
	require.NoError(t, err)
	row.Body = map[string]any{}
	empty, err := audit.Hash(row)
	require.NoError(t, err)
	require.Equal(t, absent, empty)
}

func TestAppendLeavesTheCallersBodyAlone(t *testing.T) {
	t.Parallel()
	body := map[string]any{"n": 1}
	_, _, err := audit.Append(audit.Head{Chain: site}, audit.Row{At: noon, Actor: "a", Action: "b", Body: body})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"n": 1}, body)
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*audit.Row){
		"no actor":      func(r *audit.Row) { r.Actor = "" },
		"no action":     func(r *audit.Row) { r.Action = "" },
		"no instant":    func(r *audit.Row) { r.At = time.Time{} },
		"free text":     func(r *audit.Row) { r.Body["x"] = "asked politely canary" },
		"e-mail":        func(r *audit.Row) { r.Body["x"] = "canary@example.org" },
		"actor e-mail":  func(r *audit.Row) { r.Actor = "user:canary@example.org" },
		"beyond ascii":  func(r *audit.Row) { r.Body["x"] = "canaryé" },
		"invalid utf-8": func(r *audit.Row) { r.Body["x"] = "canary\xff" },
		"line break":    func(r *audit.Row) { r.Object = "canary\n" },
		"mac":           func(r *audit.Row) { r.Body["x"] = "AA-BB-CC-00-11-22" },
		"mac, dotted":   func(r *audit.Row) { r.Object = "aabb.cc00.1122" },
		"ipv4":          func(r *audit.Row) { r.Body["x"] = "10.1.2.3" },
		"ipv6":          func(r *audit.Row) { r.Body["x"] = "fe80::1" },
		"too long":      func(r *audit.Row) { r.Body["x"] = strings.Repeat("canary", 100) },
		"float":         func(r *audit.Row) { r.Body["x"] = 1.5 },
		"large integer": func(r *audit.Row) { r.Body["x"] = int64(1 << 53) },
		"smallest":      func(r *audit.Row) { r.Body["x"] = int64(math.MinInt64) },
		"null":          func(r *audit.Row) { r.Body["x"] = nil },
		"nested":        func(r *audit.Row) { r.Body["x"] = map[string]any{"y": 1} },
		"list":          func(r *audit.Row) { r.Body["x"] = []string{"y"} },
		"field name":    func(r *audit.Row) { r.Body["Canary Name"] = 1 },
		"many fields": func(r *audit.Row) {
			for i := range 40 {
				r.Body["x"+strings.Repeat("y", i)] = 1
			}
		},
	} {
		row := audit.Row{At: noon, Actor: "user:1", Action: "visit.change", Body: map[string]any{}}
		head := audit.Head{Chain: site}
		_, _, err := audit.Append(head, row)
		require.NoError(t, err)
		spoil(&row)
		_, after, err := audit.Append(head, row)
		require.Error(t, err, name)
		require.Equal(t, head, after, name)
		require.NotContains(t, strings.ToLower(err.Error()), "canary", name)
	}
}

func TestParseBodyRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "1", `{"n":1.5}`, `{"n":1e3}`, `{"n":99999999999999999999}`} {
		_, err := audit.ParseBody([]byte(text))
		require.Error(t, err, text)
	}
}

func BenchmarkAppend(b *testing.B) {
	head := audit.Head{Chain: site}
	for b.Loop() {
		var err error
		_, head, err = audit.Append(head, audit.Row{At: noon, Actor: "user:1", Action: "visit.check_in", Object: "visit:1", Body: map[string]any{"n": 1}})
		require.NoError(b, err)
	}
}
