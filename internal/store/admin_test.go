package store_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestASitesSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	networks := []visit.Network{
		{SSID: "Guests", Kind: visit.WPAPSK, PSK: "canary-passphrase"},
		{SSID: "Portal", Kind: visit.OpenPortal, PortalURL: "https://portal.example"},
	}
	site, err := b.UpdateSite(t.Context(), b.desk, b.site.ID, store.SiteChange{
		Name: new(" Berlin 2 "), Networks: &networks, MaxStay: new(48 * time.Hour), TerminationFor: new(time.Hour),
	})
	require.NoError(t, err)
	found, err := b.Site(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Equal(t, found, site)
	require.Equal(t, "Berlin 2", site.Name)
	require.Equal(t, 48*time.Hour, site.MaxStay)
	require.Empty(t, site.Networks[0].PSK, "never listed")
	require.NotContains(t, sql[string](t, b, "select networks::text from sites")[0], "canary")

	networks[0].PSK, networks[0].Hidden = "", true
	_, err = b.UpdateSite(t.Context(), b.desk, b.site.ID, store.SiteChange{Networks: &networks})
	require.NoError(t, err, "the passphrase is kept")
	networks[0].SSID = "Others"
	_, err = b.UpdateSite(t.Context(), b.desk, b.site.ID, store.SiteChange{Networks: &networks})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err), "another network has none to keep")
	_, err = b.CreateSite(t.Context(), store.Caller{Actor: "user:x", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}}}, visit.Site{Name: "N", Timezone: "UTC"})
	require.Equal(t, visit.KindNotFound, visit.KindOf(err))

	work, err := b.WorkView(t.Context(), b.arrived(t))
	require.NoError(t, err)
	require.Equal(t, time.Hour, work.TerminateFor)
	b.newSite(t, "amsterdam")
	sites, err := b.Sites(t.Context(), store.Everything)
	require.NoError(t, err)
	require.Equal(t, []string{"amsterdam", "Berlin 2"}, []string{sites[0].Name, sites[1].Name})
	b.verify(t)
}

func TestAnArchivedSiteTakesNobodyIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, expected := b.arrived(t), b.registered(t)
	_, err := b.ArchiveSite(t.Context(), b.desk, b.site.ID)
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	b.leave(t, id)
	for range 2 {
		site, err := b.ArchiveSite(t.Context(), b.desk, b.site.ID)
		require.NoError(t, err)
		require.NotNil(t, site.ArchivedAt)
	}
	_, err = b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{})
	require.ErrorIs(t, err, visit.ErrSiteArchived)
	_, err = b.RequestCheckIn(t.Context(), b.desk, expected)
	require.ErrorIs(t, err, visit.ErrSiteArchived)
	_, _, err = b.CreateAgent(t.Context(), b.desk, b.site.ID, "a")
	require.ErrorIs(t, err, visit.ErrSiteArchived)
}

func TestNASes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nas := b.newNAS(t, "10.1.0.0/16")
	_, err := b.CreateNAS(t.Context(), b.desk, visit.NAS{SiteID: b.site.ID, Name: "Twin", Source: nas.Source, Secret: "12345678"})
	require.Equal(t, visit.KindConflict, visit.KindOf(err))
	_, err = b.CreateNAS(t.Context(), b.desk, visit.NAS{SiteID: b.site.ID, Name: "Bits", Source: netip.MustParsePrefix("10.1.2.3/16"), Secret: "12345678"})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	changed, err := b.UpdateNAS(t.Context(), b.desk, b.site.ID, nas.ID, store.NASChange{MaxSessionSeconds: new(new(0)), CoAPort: new(1700)})
	require.NoError(t, err)
	require.Equal(t, 1700, changed.CoAPort)
	require.Zero(t, changed.SessionSeconds())
	changed, err = b.UpdateNAS(t.Context(), b.desk, b.site.ID, nas.ID, store.NASChange{MaxSessionSeconds: new((*int)(nil))})
	require.NoError(t, err)
	require.Equal(t, visit.UnprovenSessionSeconds, changed.SessionSeconds())
	_, err = b.UpdateNAS(t.Context(), b.desk, b.site.ID, nas.ID, store.NASChange{MessageAuthenticator: new(visit.MessageAuthenticatorPolicy("perhaps"))})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	_, err = b.UpdateNAS(t.Context(), b.desk, b.site.ID, nas.ID, store.NASChange{Secret: new("a-new-canary-secret")})
	require.NoError(t, err)

	entries, _, err := b.LedgerFrom(t.Context(), b.site.ID, wire.Position{}, 10)
	require.NoError(t, err)
	require.Len(t, entries, 4)
	require.Equal(t, "a-new-canary-secret", entries[3].NAS.Secret)
	require.Equal(t, 1700, entries[3].NAS.CoAPort)
	require.NoError(t, b.DeleteNAS(t.Context(), b.desk, b.site.ID, nas.ID))
	require.ErrorIs(t, b.DeleteNAS(t.Context(), b.desk, b.site.ID, nas.ID), visit.ErrNASNotFound)
	list, err := b.NASes(t.Context(), store.Everything, b.site.ID)
	require.NoError(t, err)
	require.Empty(t, list)
	b.newNAS(t, "10.1.0.0/16") // its network is free again
	b.verify(t)
}

func TestUsersAndLogins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, err := b.CreateUser(t.Context(), b.desk, store.NewUser{
		Email: " Ada@Example.org ", PasswordHash: "argon", Role: "reception", Scope: store.Scope{Sites: []visit.SiteID{b.site.ID}},
	})
	require.NoError(t, err)
	found, err := b.UserByEmail(t.Context(), "ada@example.ORG")
	require.NoError(t, err)
	require.Equal(t, user, found)
	_, err = b.UserByEmail(t.Context(), "nobody@example.org")
	require.ErrorIs(t, err, store.ErrUserNotFound)
	_, err = b.User(t.Context(), "no id")
	require.ErrorIs(t, err, store.ErrUserNotFound)

	login := store.Login{TokenHash: []byte("hash"), UserID: user.ID, ExpiresAt: b.Clock.Now().Add(time.Hour)}
	require.NoError(t, b.SignIn(t.Context(), store.SignIn{Login: login, PasswordHash: "argon"}))
	b.Clock.Advance(2 * time.Minute)
	for range 2 {
		got, who, err := b.Login(t.Context(), []byte("hash"))
		require.NoError(t, err)
		require.Equal(t, user.ID, who.ID)
		require.Equal(t, []visit.SiteID{b.site.ID}, who.Scope.Sites)
		require.Equal(t, login.ExpiresAt, got.ExpiresAt)
	}
	require.ErrorIs(t, b.SetPassword(t.Context(), b.desk, user.ID, "not this", "other"), store.ErrChangedSince)
	require.NoError(t, b.SetPassword(t.Context(), b.desk, user.ID, "argon", "other"))
	_, _, err = b.Login(t.Context(), []byte("hash"))
	require.ErrorIs(t, err, store.ErrLoginNotFound)
	login.TokenHash = []byte("second")
	require.ErrorIs(t, b.SignIn(t.Context(), store.SignIn{Login: login, PasswordHash: "argon"}), store.ErrChangedSince)
	require.NoError(t, b.SignIn(t.Context(), store.SignIn{Login: login, PasswordHash: "other", NewHash: "dearer"}))
	found, err = b.User(t.Context(), user.ID)
	require.NoError(t, err)
	require.Equal(t, "dearer", found.PasswordHash)
	require.NoError(t, b.RevokeLogin(t.Context(), []byte("second")))
	_, _, err = b.Login(t.Context(), []byte("second"))
	require.ErrorIs(t, err, store.ErrLoginNotFound)
	b.Clock.Advance(25 * time.Hour)
	pruned, err := b.PruneLogins(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, pruned)
	b.verify(t)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	token, err := b.CreateToken(t.Context(), b.desk, store.NewToken{
		Name: "kiosk", Permissions: []string{"visits.register"}, Scope: store.Everything, SecretHash: []byte("h1"), ExpiresAt: new(b.Clock.Now().Add(time.Hour)),
	})
	require.NoError(t, err)
	found, err := b.TokenByHash(t.Context(), []byte("h1"))
	require.NoError(t, err)
	require.Equal(t, token, found)
	require.True(t, found.Scope.All)
	b.Clock.Advance(time.Hour)
	_, err = b.TokenByHash(t.Context(), []byte("h1"))
	require.ErrorIs(t, err, store.ErrTokenNotFound, "over")

	second, err := b.CreateToken(t.Context(), b.desk, store.NewToken{Name: "robot", SecretHash: []byte("h2")})
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, b.RevokeToken(t.Context(), b.desk, second.ID))
	}
	_, err = b.TokenByHash(t.Context(), []byte("h2"))
	require.ErrorIs(t, err, store.ErrTokenNotFound)
	require.ErrorIs(t, b.RevokeToken(t.Context(), b.desk, "no id"), store.ErrTokenNotFound)
	tokens, err := b.Tokens(t.Context())
	require.NoError(t, err)
	require.Len(t, tokens, 2)
	require.NotNil(t, tokens[0].RevokedAt)
	require.NotNil(t, tokens[1].LastUsedAt)
}

func TestChangingAVisit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.registered(t)
	out, err := b.Change(t.Context(), b.desk, id, store.VisitChange{
		LastName: new(" Lovelace "), ExpectedArrival: new(b.Clock.Now().Add(time.Hour)), ExpectedDeparture: new(b.Clock.Now().Add(3 * time.Hour)),
	})
	require.NoError(t, err)
	require.Equal(t, "Lovelace", out.Visit.Visitor.LastName)
	require.Equal(t, "Ada", out.Visit.Visitor.FirstName)
	require.Equal(t, b.Clock.Now().Add(3*time.Hour), out.Visit.ExpectedDeparture)
	out, err = b.Change(t.Context(), b.desk, id, store.VisitChange{LastName: new("Lovelace")})
	require.NoError(t, err)
	require.True(t, out.Unchanged)
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{Email: new("no address")})
	require.Equal(t, visit.KindInvalid, visit.KindOf(err))
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{ExpectedDeparture: new(b.Clock.Now().Add(-time.Hour))})
	require.ErrorIs(t, err, visit.ErrDepartureInPast)

	_, err = b.RequestCheckIn(t.Context(), b.desk, id)
	require.NoError(t, err)
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{ExpectedDeparture: new(b.Clock.Now().Add(time.Hour))})
	require.ErrorIs(t, err, visit.ErrAlreadyCheckIn)
	_, err = b.IssueVoucher(t.Context(), id, store.Workflow)
	require.NoError(t, err, "an hour before the expected arrival")
	_, err = b.Move(t.Context(), b.desk, id, b.Clock.Now().Add(30*time.Minute))
	require.NoError(t, err, "gone before the expected arrival")
	out, err = b.Change(t.Context(), b.desk, id, store.VisitChange{HostName: new("Somebody")})
	require.NoError(t, err)
	require.Equal(t, b.Clock.Now().Add(30*time.Minute), out.Visit.ExpectedDeparture)
	b.leave(t, id)
	_, err = b.Change(t.Context(), b.desk, id, store.VisitChange{HostName: new("Nobody")})
	require.ErrorIs(t, err, visit.ErrVisitEnded)
	_, err = b.Move(t.Context(), b.desk, id, b.Clock.Now().Add(time.Hour))
	require.ErrorIs(t, err, visit.ErrVisitEnded)
	_, _, err = b.Reveal(t.Context(), b.desk, id)
	require.ErrorIs(t, err, visit.ErrVoucherWiped)
	_, err = b.Register(t.Context(), b.desk, b.registration(), store.RegisterOptions{PersonID: "00000000-0000-0000-0000-000000000000"})
	require.Equal(t, visit.KindNotFound, visit.KindOf(err))
	require.Equal(t, []string{"fields"}, sql[string](t, b, "select distinct jsonb_object_keys(data) from events where kind = 'visit.changed'"))
	b.verify(t)
}
