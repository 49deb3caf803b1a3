package store_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// moved is a zone as the original program left it after a recorded step.
type moved struct {
	at     int64
	status map[uint32][3]int // ready, active, used
	in     store.ZoneImport
}

// movable returns the last step of a recorded scenario that says how its rolls stand.
func movable(t *testing.T, b bench, name string) moved {
	t.Helper()
	text, err := os.ReadFile("../roll/testdata/pfsense-vouchers.json")
	require.NoError(t, err)
	var v struct {
		Keys []struct {
			ID      string `json:"id"`
			Private string `json:"private_pem"`
		} `json:"keys"`
		Configs []struct {
			ID      string `json:"id"`
			Key     string `json:"key"`
			CfgFile string `json:"cfg_file"`
		} `json:"configs"`
		Scenarios []struct {
			Name   string `json:"name"`
			Config string `json:"config"`
			Rolls  []struct{ Number, Count, Minutes int64 }
			Steps  []struct {
				At    int64
				Op    string
				Rolls []struct {
					Number              uint32
					Used, Active, Ready int
				}
				DB map[string]string
			}
		} `json:"scenarios"`
	}
	require.NoError(t, json.Unmarshal(text, &v))
	m := moved{status: map[uint32][3]int{}}
	for _, s := range v.Scenarios {
		if s.Name != name {
			continue
		}
		for _, c := range v.Configs {
			if c.ID != s.Config {
				continue
			}
			f, err := roll.ReadOriginalFormat(c.CfgFile, "voucher.cfg")
			require.NoError(t, err)
			m.in.Series = store.SeriesChange{RollBits: &f.RollBits, TicketBits: &f.TicketBits, ChecksumBits: &f.ChecksumBits, Magic: &f.Magic, Alphabet: &f.Alphabet}
			for _, k := range v.Keys {
				if k.ID == c.Key {
					m.in.Series.PrivateKey = k.Private
				}
			}
		}
		last := s.Steps[len(s.Steps)-1]
		require.Equal(t, "roll_status", last.Op)
		m.at = last.At
		for i, r := range last.Rolls {
			m.status[r.Number] = [3]int{r.Ready, r.Active, r.Used}
			number := strconv.FormatUint(uint64(r.Number), 10)
			m.in.Rolls = append(m.in.Rolls, store.RollImport{
				Number: r.Number, Count: uint32(s.Rolls[i].Count), For: time.Duration(s.Rolls[i].Minutes) * time.Minute,
				Files: roll.Files{Used: last.DB["used_"+number], Active: last.DB["active_"+number]},
			})
		}
	}
	require.NotEmpty(t, m.in.Rolls)
	m.in.Zone = store.Zone{SiteID: b.site.ID, Name: "lobby", Enabled: true, Logins: roll.MultipleLogins}
	b.Clock.Advance(time.Unix(m.at, 0).Sub(b.Clock.Now()))
	return m
}

// A live zone goes on here in the middle of its rolls, and back.
func TestAZoneMovesHereAndBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"two rolls, last tickets, used bit positions", "one voucher from fresh to expired"} {
		b := setup(t)
		m := movable(t, b, name)
		zone, rolls, err := b.ImportZone(t.Context(), b.desk, m.in)
		require.NoError(t, err)
		require.Equal(t, roll.MultipleLogins, zone.Logins, "the source's")
		require.Len(t, rolls, len(m.in.Rolls))
		for _, r := range rolls {
			require.Equal(t, m.status[r.Number], [3]int{r.Ready, r.Active, r.Used}, "%s, roll %d", name, r.Number)
		}
		out, err := b.ExportZone(t.Context(), b.desk, b.site.ID, zone.ID)
		require.NoError(t, err)
		require.Equal(t, m.in.Series.PrivateKey, out.PrivateKey)
		for i, r := range out.Rolls {
			require.Equal(t, m.in.Rolls[i].Count, r.Count)
			require.Equal(t, m.in.Rolls[i].Files.Used, r.Files.Used)
			require.ElementsMatch(t, strings.Fields(m.in.Rolls[i].Files.Active), strings.Fields(r.Files.Active))
		}
		for _, r := range m.in.Rolls {
			for line := range strings.Lines(r.Files.Active) {
				code, _, _ := strings.Cut(line, ",")
				require.Equal(t, roll.Active, b.state(t, zone, code))
			}
		}
		b.verify(t)
	}
}

// Codes that were ended here stay ended there, though their number was used again.
func TestWhatWasRetiredIsUsedUpElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	zone := b.zone(t, store.CompatibleZone, "lobby")
	first := b.roll(t, zone, 1, 5)
	codes := b.codes(t, zone, first)
	b.use(t, zone, codes[0])
	second, err := b.UpdateRoll(t.Context(), b.desk, b.site.ID, zone.ID, first.ID, store.RollChange{Count: new(uint32(6)), Retire: true, RunsOn: true})
	require.NoError(t, err)
	out, err := b.ExportZone(t.Context(), b.desk, b.site.ID, zone.ID)
	require.NoError(t, err)
	require.Len(t, out.Rolls, 1)
	require.Equal(t, second.Last(), out.Rolls[0].Count)
	mask, err := roll.ParseMask(out.Rolls[0].Files.Used, second.Last())
	require.NoError(t, err)
	for ticket := uint32(1); ticket <= second.Last(); ticket++ {
		require.Equal(t, ticket <= 5, mask.Has(ticket), ticket)
	}
	require.True(t, strings.HasPrefix(out.Rolls[0].Files.Active, codes[0]+","), "the one that runs on")
	_, err = b.ExportZone(t.Context(), b.desk, b.site.ID, b.zone(t, store.LongZone, "bar").ID)
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
}

// A damaged file names its roll, and nothing is made.
func TestADamagedImportMakesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := movable(t, b, "one voucher from fresh to expired")
	m.in.Rolls[1].Files.Used = "AAAA\n"
	_, _, err := b.ImportZone(t.Context(), b.desk, m.in)
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	require.ErrorContains(t, err, "Roll 42: The mask has 3 bytes")
	require.Empty(t, sql[string](t, b, "select id::text from zones"))
	require.Empty(t, sql[string](t, b, "select id::text from rolls"))
}
