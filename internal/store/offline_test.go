package store_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const pinHash = "$argon2id$a hash that stands for one"

func shown() visit.OfflineList {
	return visit.OfflineList{Enabled: true, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}}
}

func (b bench) shows(t testing.TB) {
	t.Helper()
	_, err := b.SetOfflineList(t.Context(), b.desk, b.site.ID, shown(), pinHash)
	require.NoError(t, err)
}

func (b bench) presence(t testing.TB) store.Presence {
	t.Helper()
	list, err := b.Presence(t.Context(), b.site.ID)
	require.NoError(t, err)
	return list
}

func TestOfflineListIsOffUntilSwitchedOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.arrived(t)
	list, err := b.OfflineList(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, visit.OfflineList{Networks: []netip.Prefix{}, Listen: ":8444", UpdatedAt: list.UpdatedAt}, list)
	require.Equal(t, store.Presence{}, b.presence(t), "no name leaves the hub")

	_, err = b.SetOfflineList(t.Context(), b.desk, b.site.ID, shown(), "")
	require.ErrorContains(t, err, "PIN", "not without a PIN")
	b.shows(t)
	require.Len(t, b.presence(t).People, 1)
	without := shown()
	_, err = b.SetOfflineList(t.Context(), b.desk, b.site.ID, without, "")
	require.NoError(t, err, "the PIN stays")
	without.Enabled = false
	list, err = b.SetOfflineList(t.Context(), b.desk, b.site.ID, without, "")
	require.NoError(t, err)
	require.True(t, list.PINSet)
	require.Equal(t, store.Presence{}, b.presence(t))
	_, err = b.SetOfflineList(t.Context(), store.Caller{Actor: "user:x"}, b.site.ID, shown(), pinHash)
	require.ErrorIs(t, err, visit.ErrSiteNotFound)

	rows := sql[string](t, b, "select body::text from audit where action = 'site.offline_list_changed' order by seq")
	require.Len(t, rows, 2, "what changes nothing is no change")
	require.JSONEq(t, `{"fields": "enabled,networks,pin", "enabled": true}`, rows[0])
	require.JSONEq(t, `{"fields": "enabled", "enabled": false}`, rows[1])
	require.NotContains(t, sql[string](t, b, "select encode(pin_sealed, 'escape') from offline_lists")[0], "argon2id", "sealed")
	b.verify(t)
}

// TestPresenceMarkMissesNothing: whatever changes the list changes the mark, by which
// hubs know that there is something to send.
func TestPresenceMarkMissesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shows(t)
	var id, other visit.VisitID
	var list store.Presence
	for _, step := range []struct {
		what string
		do   func()
		want []wire.PresentPerson
	}{
		{"check-in", func() { id = b.arrived(t) }, []wire.PresentPerson{{Name: "Quill, Ada"}}},
		{"another name", func() {
			_, err := b.Change(t.Context(), b.desk, id, store.VisitChange{LastName: new("Lovelace")})
			require.NoError(t, err)
		}, []wire.PresentPerson{{Name: "Lovelace, Ada"}}},
		{"another check-in", func() { other = b.arrived(t) }, []wire.PresentPerson{{Name: "Lovelace, Ada"}, {Name: "Quill, Ada"}}},
		{"check-out", func() { b.leave(t, other) }, []wire.PresentPerson{{Name: "Lovelace, Ada"}}},
		{"expiry", func() {
			b.Clock.Advance(2 * time.Hour)
			_, err := b.RevokeVoucher(t.Context(), id, store.RevokeInput{By: store.Workflow})
			require.NoError(t, err)
		}, []wire.PresentPerson{{Name: "Lovelace, Ada", Overdue: true}}},
		{"seen leaving", func() {
			_, err := b.ConfirmLeft(t.Context(), b.desk, id)
			require.NoError(t, err)
		}, []wire.PresentPerson{}},
	} {
		before, err := b.PresenceMark(t.Context(), b.site.ID)
		require.NoError(t, err)
		step.do()
		after, err := b.PresenceMark(t.Context(), b.site.ID)
		require.NoError(t, err)
		require.NotEqual(t, before, after, step.what)
		list = b.presence(t)
		require.Equal(t, after, list.Mark)
		require.Equal(t, step.want, list.People, step.what)
	}
	require.Equal(t, &wire.PresenceSettings{
		Site: "Berlin", Timezone: "Europe/Berlin", Listen: ":8444", Networks: shown().Networks, PINHash: pinHash,
	}, list.Settings)
}

// TestPresenceIsNamesOnly: nothing else of a visit can reach an agent's disk.
func TestPresenceIsNamesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.shows(t)
	reg := b.registration()
	reg.Visitor = visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "canary@mail.example", Phone: "+4930canary", Company: "Canarycompany"}
	reg.Host, reg.Purpose = visit.Host{Name: "Canaryhost", Email: "canary@mail.example"}, "Canarypurpose"
	_, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	text, err := json.Marshal(b.presence(t).People)
	require.NoError(t, err)
	require.JSONEq(t, `[]`, string(text), "expected, and not in yet")
	out, err := b.Register(t.Context(), b.desk, reg, store.RegisterOptions{CheckIn: true})
	require.NoError(t, err)
	_, err = b.IssueVoucher(t.Context(), out.Visit.ID, store.Workflow)
	require.NoError(t, err)
	text, err = json.Marshal(b.presence(t).People)
	require.NoError(t, err)
	require.JSONEq(t, `[{"name": "Quill, Ada"}]`, string(text))
}

// TestOpeningsAreAuditedOnce, however often the agent says so.
func TestOpeningsAreAuditedOnce(t *testing.T) {
	t.Parallel()
	l := connect(t)
	at := l.Clock.Now().Add(-time.Hour)
	record := wire.Record{Sequence: 1, At: at, Presence: &wire.PresenceOpened{Opened: 1, Refused: 3}}
	l.report(t, record)
	l.report(t, record)
	rows := sql[string](t, l.bench, "select body::text from audit where action = 'presence.opened'")
	require.Len(t, rows, 1)
	require.JSONEq(t, `{"opened": 1, "refused": 3, "at": "`+at.UTC().Format(time.RFC3339)+`"}`, rows[0])
	require.Equal(t, []string{"agent:" + string(l.agent.ID)}, sql[string](t, l.bench, "select actor from audit where action = 'presence.opened'"))
	l.verify(t)
}
