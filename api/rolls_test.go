package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
)

func (b *bench) zones() string { return "/api/v1/sites/" + string(b.site) + "/zones" }

// compatible makes a zone of the shortest keys, with codes that can be guessed.
func (b *bench) compatible(t *testing.T) string {
	t.Helper()
	pair := b.want(t, 200, call{method: "POST", path: b.zones() + "/keys", as: b.admin, body: object{}})
	zone := b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{
		"name": "Lobby 1", "kind": "compatible", "series": object{"pair": pair.string("pair")}}})
	return zone.string("id")
}

func (b *bench) makeRoll(t *testing.T, zone string, count int, more object) answer {
	t.Helper()
	body := object{"number": 7, "count": count, "seconds": 3600}
	for name, value := range more {
		body[name] = value
	}
	return b.want(t, 201, call{method: "POST", path: b.zones() + "/" + zone + "/rolls", as: b.admin, body: body})
}

func (b *bench) printed(t *testing.T, zone, id string) []string {
	t.Helper()
	var codes []string
	for _, c := range b.want(t, 200, call{path: b.zones() + "/" + zone + "/rolls/" + id + "/codes", as: b.admin}).list("codes") {
		codes = append(codes, c.(map[string]any)["code"].(string))
	}
	return codes
}

func (b *bench) tested(t *testing.T, zone string, codes ...string) answer {
	t.Helper()
	return b.want(t, 200, call{method: "POST", path: b.zones() + "/" + zone + "/test", as: b.admin, body: object{"codes": strings.Join(codes, "\n")}})
}

// A pair is another one each time, is stored by nobody, and its private half is never shown.
func TestKeyPairsAreProposedAndHidden(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.want(t, 200, call{method: "POST", path: b.zones() + "/keys", as: b.admin, body: object{"key_bits": 64}})
	second := b.want(t, 200, call{method: "POST", path: b.zones() + "/keys", as: b.admin, body: object{"key_bits": 64}})
	require.NotEqual(t, first.string("pair"), second.string("pair"))
	require.InDelta(t, 3, first.field("strength.codes_needed"), 0)
	other := "/api/v1/sites/" + string(b.other) + "/zones"
	b.refused(t, 422, "invalid", call{method: "POST", path: other, as: b.admin, body: object{
		"name": "x", "kind": "compatible", "series": object{"pair": first.string("pair")}}}) // of another site
	b.refused(t, 422, "invalid", call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "x", "kind": "compatible"}})

	key, err := roll.GenerateKey(fixedRandom{}, 64)
	require.NoError(t, err)
	zone := b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{
		"name": "pasted", "kind": "compatible", "series": object{"private_key": string(key.PEM()), "magic": "18446744073709551615"}}})
	require.Equal(t, "18446744073709551615", zone.string("series.magic"))
	path := b.zones() + "/" + zone.string("id")
	for _, a := range []answer{zone, b.want(t, 200, call{path: path, as: b.admin}), b.want(t, 200, call{path: b.zones(), as: b.admin})} {
		require.NotContains(t, string(a.text), "KEY")
	}
	b.refused(t, 422, "invalid", call{method: "PATCH", path: path, as: b.admin, body: object{"series": object{"magic": "18446744073709551616"}}})
	b.refused(t, 422, "invalid", call{method: "PATCH", path: path, as: b.admin, body: object{"series": object{"checksum_bits": 31, "roll_bits": 31}}})

	public := b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{
		"name": "verifies", "kind": "compatible", "series": object{"public_key": string(key.PublicKey.PEM())}}})
	require.Equal(t, false, public.field("series.has_private_key"))
	made := b.makeRoll(t, public.string("id"), 5, nil)
	b.refused(t, 409, "private_key_missing", call{path: b.zones() + "/" + public.string("id") + "/rolls/" + made.string("id") + "/codes", as: b.admin})
}

// fixedRandom is a source that is the same each time, but not the same octet.
type fixedRandom struct{}

var drawn byte

func (fixedRandom) Read(p []byte) (int, error) {
	for i := range p {
		drawn += 37
		p[i] = drawn
	}
	return len(p), nil
}

func TestARollFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "lobby"}}).string("id")
	made := b.makeRoll(t, zone, 20, object{"description": "day passes"})
	codes := b.printed(t, zone, made.string("id"))
	require.Len(t, codes, 20)
	require.Regexp(t, `^[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}$`, codes[0])

	a := b.tested(t, zone, strings.ToLower(codes[0]), codes[1], codes[1], "nonsense")
	require.Equal(t, false, a.field("granted"))
	states := []string{}
	for _, item := range a.list("items") {
		states = append(states, item.(map[string]any)["state"].(string))
	}
	require.Equal(t, []string{"ready", "ready", "repeated", "invalid"}, states)
	a = b.tested(t, zone, codes[0], codes[1])
	require.Equal(t, true, a.field("granted"))
	require.InDelta(t, 7200, a.field("seconds"), 1)

	_, err := b.UseCodes(t.Context(), store.Caller{Actor: "user:x", Scope: store.Everything}, b.site, roll.ZoneID(zone), codes[0])
	require.NoError(t, err)
	b.Clock.Advance(time.Minute)
	active := b.want(t, 200, call{path: b.zones() + "/" + zone + "/active", as: b.admin}).list("items")
	require.Len(t, active, 1)
	require.Equal(t, codes[0], active[0].(map[string]any)["code"])
	require.InDelta(t, 3540, active[0].(map[string]any)["seconds"], 1)
	read := b.token(t, store.Everything, auth.NewPermissions(auth.RollsRead))
	require.NotContains(t, string(b.want(t, 200, call{path: b.zones() + "/" + zone + "/active", as: read}).text), codes[0])

	expired := b.want(t, 200, call{method: "POST", path: b.zones() + "/" + zone + "/expire", as: b.admin, body: object{
		"codes": codes[0] + "\n\n" + codes[1] + "\nnonsense\n" + codes[1]}})
	require.InDelta(t, 2, expired.field("expired"), 0)
	require.InDelta(t, 1, expired.field("active"), 0)
	passed := expired.list("passed_over")
	require.Len(t, passed, 1)
	require.InDelta(t, 3, passed[0].(map[string]any)["line"], 0)
	require.Equal(t, "roll_code_length", passed[0].(map[string]any)["reason"])

	path := b.zones() + "/" + zone + "/rolls/" + made.string("id")
	require.Equal(t, map[string]any{"ready": 18.0, "active": 0.0, "used": 2.0, "sold": 0.0}, b.want(t, 200, call{path: path, as: b.admin}).field("utilisation"))
	require.InDelta(t, 18, b.want(t, 200, call{method: "POST", path: path + "/preview", as: b.admin, body: object{"count": 30}}).field("ready"), 0)
	b.refused(t, 409, "roll_retires", call{method: "PATCH", path: path, as: b.admin, body: object{"count": 30}})
	next := b.want(t, 200, call{method: "PATCH", path: path, as: b.admin, body: object{"count": 30, "retire": true}})
	require.NotEqual(t, made.string("id"), next.string("id"))
	b.refused(t, 409, "roll_retired", call{method: "PATCH", path: path, as: b.admin, body: object{"description": "x"}})
	b.want(t, 204, call{method: "DELETE", path: b.zones() + "/" + zone + "/rolls/" + next.string("id") + "?runs_on=true", as: b.admin})
	require.Empty(t, b.want(t, 200, call{path: b.zones() + "/" + zone + "/rolls", as: b.admin}).list("items"))
	require.Equal(t, "roll_code_retired", b.tested(t, zone, codes[5]).list("items")[0].(map[string]any)["why"].(map[string]any)["reason"])
	b.want(t, 204, call{method: "DELETE", path: b.zones() + "/" + zone, as: b.admin})
	b.missing(t, call{path: b.zones() + "/" + zone, as: b.admin})
}

// The files are those of the original program, byte for byte: its recordings say so.
func TestTheOriginalsFileByteForByte(t *testing.T) {
	t.Parallel()
	b := setup(t)
	same := 0
	for i, v := range recordings(t) {
		zone := b.do(t, call{method: "POST", path: b.zones(), as: b.admin, body: object{
			"name": fmt.Sprintf("Lobby %d/A", i), "kind": "compatible", "series": object{
				"private_key": v.private, "roll_bits": v.config.RollBits, "ticket_bits": v.config.TicketBits,
				"checksum_bits": v.config.ChecksumBits, "magic": v.config.Magic, "alphabet": v.config.Charset}}})
		if zone.status != 201 { // what nobody could enter is refused here
			require.Equal(t, 422, zone.status)
			continue
		}
		same++
		made := b.makeRoll(t, zone.string("id"), v.Count, object{"number": v.Roll})
		path := b.zones() + "/" + zone.string("id") + "/rolls/" + made.string("id") + "/codes.csv"
		original := b.want(t, 200, call{path: path + "?style=pfsense-original", as: b.admin})
		require.Equal(t, v.Stdout, fmt.Sprintf("%x", sha256.Sum256(original.text)))
		require.Equal(t, fmt.Sprintf(`attachment; filename="vouchers_Lobby_%d_A_roll%d.csv"`, i, v.Roll), original.header.Get("Content-Disposition"))
		require.Equal(t, v.CSV, fmt.Sprintf("%x", sha256.Sum256(b.want(t, 200, call{path: path + "?style=pfsense", as: b.admin}).text)))
		rows, err := csv.NewReader(bytes.NewReader(b.want(t, 200, call{path: path, as: b.admin}).text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, v.Count+1)
		require.Equal(t, []string{"ticket", "code", "roll", "seconds"}, rows[0])
		require.Contains(t, string(original.text), `" `+rows[v.Count][1]+`"`)
	}
	require.Greater(t, same, 20)
	exports := 0
	for next := ""; ; {
		page := b.want(t, 200, call{path: "/api/v1/audit?limit=200&chain=" + string(b.site) + next, as: b.admin})
		for _, row := range page.list("items") {
			if row.(map[string]any)["action"] == "roll.printed" {
				exports++
			}
		}
		if page.string("next") == "" {
			break
		}
		next = "&cursor=" + page.string("next")
	}
	require.Equal(t, 3*same, exports, "each export is on record")
}

// recording is a roll that the original program printed.
type recording struct {
	Config string `json:"config"`
	Roll   int    `json:"roll"`
	Count  int    `json:"count"`
	Exit   int    `json:"exit"`
	Stdout string `json:"stdout_sha256"`
	CSV    string `json:"csv_sha256"`

	private string
	config  struct {
		ID           string `json:"id"`
		Key          string `json:"key"`
		RollBits     int    `json:"rollbits"`
		TicketBits   int    `json:"ticketbits"`
		ChecksumBits int    `json:"checksumbits"`
		Magic        string `json:"magic"`
		Charset      string `json:"charset"`
	}
}

func recordings(t *testing.T) []recording {
	t.Helper()
	text, err := os.ReadFile("../internal/roll/testdata/pfsense-vouchers.json")
	require.NoError(t, err)
	var all struct {
		Keys []struct {
			ID      string `json:"id"`
			Private string `json:"private_pem"`
		} `json:"keys"`
		Configs  []json.RawMessage `json:"configs"`
		Generate []recording       `json:"generate"`
	}
	require.NoError(t, json.Unmarshal(text, &all))
	var list []recording
	for _, r := range all.Generate {
		for _, config := range all.Configs {
			c := r.config
			require.NoError(t, json.Unmarshal(config, &c))
			if c.ID == r.Config {
				r.config = c
			}
		}
		for _, key := range all.Keys {
			if key.ID == r.config.Key {
				r.private = key.Private
			}
		}
		if r.Exit == 0 && r.Count <= 1023 {
			list = append(list, r)
		}
	}
	return list
}

// A cashier makes, prints, tests, expires and sells; nothing else.
func TestWhatACashierMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.compatible(t)
	made := b.makeRoll(t, zone, 20, nil)
	require.Equal(t, true, made.field("sold_only"), "forged codes are worthless until they are sold")
	at := b.zones() + "/" + zone
	one := at + "/rolls/" + made.string("id")
	cashier := b.at(t, auth.Cashier, b.site)
	b.want(t, 201, call{method: "POST", path: at + "/rolls", as: cashier, body: object{"number": 8, "count": 5, "seconds": 60}})
	for _, path := range []string{b.zones(), at, at + "/rolls", one, one + "/codes", one + "/codes.csv?style=pfsense", at + "/active"} {
		b.want(t, 200, call{path: path, as: cashier})
	}
	b.want(t, 200, call{method: "POST", path: at + "/test", as: cashier, body: object{"codes": "22222"}})
	b.want(t, 200, call{method: "POST", path: at + "/expire", as: cashier, body: object{"codes": "22222"}})
	require.InDelta(t, 5, b.want(t, 200, call{method: "POST", path: one + "/sell", as: cashier, body: object{"first": 1, "last": 5}}).field("sold"), 0)
	for _, c := range []call{
		{method: "POST", path: b.zones(), body: object{"name": "x"}},
		{method: "POST", path: b.zones() + "/keys", body: object{}},
		{method: "PATCH", path: at, body: object{"name": "x"}},
		{method: "DELETE", path: at},
		{method: "PATCH", path: one, body: object{"count": 5, "retire": true}},
		{method: "DELETE", path: one},
		{path: "/api/v1/visits"},
	} {
		c.as = cashier
		b.refused(t, http.StatusForbidden, "forbidden", c)
	}
}

// Where the original is weak: ticket 0, other spellings, a code that is typed twice.
func TestWeaknessesOfTheOriginal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.compatible(t)
	made := b.makeRoll(t, zone, 1023, object{"number": 0, "sold_only": false})
	codes := b.printed(t, zone, made.string("id"))
	why := func(code string) string {
		item := b.tested(t, zone, code).list("items")[0].(map[string]any)
		reason, _ := item["why"].(map[string]any)
		return fmt.Sprint(reason["reason"])
	}
	require.Equal(t, "roll_code_zero", why("22222"), "a free ticket there: the first character of the alphabet, five times")
	alias := codes[9] + "222"
	a := b.tested(t, zone, alias, codes[9])
	require.Equal(t, true, a.field("granted"))
	require.InDelta(t, 3600, a.field("seconds"), 1, "one code, however it is spelt, is one credit")
	caller := store.Caller{Actor: "user:x", Scope: store.Everything}
	d, err := b.UseCodes(t.Context(), caller, b.site, roll.ZoneID(zone), alias)
	require.NoError(t, err)
	b.Clock.Advance(59*time.Minute + 30*time.Second)
	again, err := b.UseCodes(t.Context(), caller, b.site, roll.ZoneID(zone), strings.Repeat(codes[9]+"\n", 50))
	require.NoError(t, err)
	require.Equal(t, d.EndsAt, again.EndsAt, "the printed spelling is the same code; the last half minute counts; fifty times is once")

	short := 0
	for _, code := range codes {
		if len(code) < 5 {
			short++
			require.Equal(t, true, b.tested(t, zone, code).field("granted"), "short codes are codes")
		}
	}
	t.Logf("%d short codes", short)

	b.refused(t, 422, "invalid", call{method: "POST", path: b.zones() + "/" + zone + "/rolls", as: b.admin, body: object{"number": 1, "count": 0, "seconds": 60}})
	b.want(t, 201, call{method: "POST", path: b.zones() + "/" + zone + "/rolls", as: b.admin, body: object{"number": 65535, "count": 1, "seconds": 60}})
	b.refused(t, 422, "invalid", call{method: "POST", path: b.zones() + "/" + zone + "/rolls", as: b.admin, body: object{"number": 65536, "count": 1, "seconds": 60}})
	b.refused(t, 422, "roll_codes_too_many", call{method: "POST", path: b.zones() + "/" + zone + "/test", as: b.admin, body: object{"codes": strings.Repeat("x ", 101)}})
}

// Each way leads to one zone.
func TestWaysToZones(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nas := b.want(t, 201, call{method: "POST", path: "/api/v1/sites/" + string(b.site) + "/nases", as: b.admin, body: object{
		"name": "ap", "source": "10.1.0.0/16", "secret": canarySecret}}).string("id")
	way := func(ssid string) []any { return []any{object{"nas_id": nas, "ssid": ssid}} }
	first := b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "a", "ways": way("guests")}})
	b.refused(t, 409, "way_taken", call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "b", "ways": way("guests")}})
	b.refused(t, 409, "zone_name_taken", call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "A"}})
	b.want(t, 201, call{method: "POST", path: b.zones(), as: b.admin, body: object{"name": "b", "ways": way("")}})
	path := b.zones() + "/" + first.string("id")
	require.Empty(t, b.want(t, 200, call{method: "PATCH", path: path, as: b.admin, body: object{"ways": []any{}}}).list("ways"))
	b.refused(t, 422, "invalid", call{method: "PATCH", path: path, as: b.admin, body: object{
		"ways": []any{object{"nas_id": "0197a3f0-0000-7000-8000-000000000002"}}}})
	b.want(t, 200, call{method: "PATCH", path: path, as: b.admin, body: object{"ways": way("guests")}})
}
