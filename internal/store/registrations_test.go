package store_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

func (l lobby) asks(method identity.Method) store.NewRegistration {
	n := store.NewRegistration{
		SiteID: l.portal.SiteID, PortalID: l.portal.ID, Method: method, Login: "robert.dupont@gmail.com", Language: "fr",
		Arrival: gate.Arrival{MAC: phone, SSID: "Guests", IP: netip.MustParseAddr("10.1.2.3"), Handle: map[string]string{"login_url": "canary-handle"}},
		Visitor: visit.Visitor{FirstName: "Robert", LastName: "Dupont", Email: "robert.dupont@gmail.com"},
	}
	if method == identity.MethodSponsor {
		n.Sponsor = "grace@example.org"
	}
	return n
}

func (l lobby) begin(t testing.TB, n store.NewRegistration) store.Registration {
	t.Helper()
	r, err := l.BeginRegistration(t.Context(), n)
	require.NoError(t, err)
	return r
}

func (l lobby) code(t testing.TB, r store.Registration) string {
	t.Helper()
	code, err := l.RegistrationCode(t.Context(), r.ID)
	require.NoError(t, err)
	return code
}

// wrong is a code that is not the right one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func (l lobby) events(t testing.TB, kind visit.EventKind) []string {
	t.Helper()
	return sql[string](t, l.bench, "select data::text from events where kind = $1 order by seq", kind)
}

func TestACodeProvesAnAddress(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodEmail))
	require.Equal(t, identity.RegistrationWaiting, r.Status)
	require.Equal(t, l.Clock.Now().Add(identity.CodeFor), r.ExpiresAt)
	code := l.code(t, r)
	require.Len(t, code, identity.CodeDigits)
	require.Len(t, l.events(t, visit.EventCodeRequested), 1)

	found, err := l.Registration(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, r, found)
	require.Equal(t, l.asks(identity.MethodEmail).Arrival, found.Arrival)
	at, err := l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	require.Equal(t, r.ID, at.ID, "the device comes upon it again")

	r, err = l.TryRegistrationCode(t.Context(), r.ID, wrong(code))
	require.ErrorIs(t, err, store.ErrRegistrationCode)
	require.Equal(t, 1, r.Tries)
	r, err = l.TryRegistrationCode(t.Context(), r.ID, code)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationApproved, r.Status)
	_, err = l.RegistrationCode(t.Context(), r.ID)
	require.ErrorIs(t, err, store.ErrRegistrationOver, "there is nothing to guess any more")
	require.Equal(t, []bool{true}, sql[bool](t, l.bench, "select code_sealed is null from registrations"))

	admitted := l.admitted(t, r)
	require.True(t, admitted.Account.Proven)
	r, err = l.Registration(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationDone, r.Status)
	require.Equal(t, admitted.Account.ID, r.AccountID)
	at, err = l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	require.Nil(t, at)
	l.verify(t)

	// Nothing personal, and no code, outside of the row.
	rest := strings.Join(sql[string](t, l.bench, "select to_jsonb(t)::text from events t union all select to_jsonb(t)::text from audit t"), "\n")
	row := sql[string](t, l.bench, "select to_jsonb(t)::text from registrations t")[0]
	for _, canary := range []string{"dupont", "Robert", "10.1.2.3", phone, code} {
		require.NotContains(t, rest, canary)
	}
	require.Contains(t, row, "dupont", "the control")
	require.NotContains(t, row, "canary-handle", "what the NAS said is sealed")
}

// admitted lets in whom a registration proved.
func (l lobby) admitted(t testing.TB, r store.Registration) store.Admitted {
	t.Helper()
	return l.admit(t, store.Admission{
		Method: r.Method, Arrival: store.Arrival{MAC: phone, SSID: "Guests"}, Clicked: true, Registration: r.ID,
		Login: r.Login, Kind: identity.LoginEmail, Proven: true, Visitor: r.Visitor, Sponsor: r.Sponsor, Profile: r.ProfileID,
	})
}

// Guessing side by side gains nothing: five tries are all there are, and the right code
// is worth nothing then.
func TestACodesTries(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodEmail))
	code := l.code(t, r)
	var guesses sync.WaitGroup
	for range 20 {
		guesses.Go(func() { _, _ = l.TryRegistrationCode(t.Context(), r.ID, wrong(code)) })
	}
	guesses.Wait()
	require.Equal(t, []int32{identity.CodeTries}, sql[int32](t, l.bench, "select tries from registrations"))
	r, err := l.TryRegistrationCode(t.Context(), r.ID, code)
	require.ErrorIs(t, err, store.ErrRegistrationTries)
	require.Equal(t, identity.RegistrationWaiting, r.Status)

	// Another code, with tries of its own.
	l.Clock.Advance(identity.CodeAgain)
	r, err = l.ResendRegistration(t.Context(), r.ID)
	require.NoError(t, err)
	require.Zero(t, r.Tries)
	another := l.code(t, r)
	r, err = l.TryRegistrationCode(t.Context(), r.ID, another)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationApproved, r.Status)
}

// The right code twice at once proves once.
func TestACodeTwiceAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodSMS))
	code := l.code(t, r)
	var tries sync.WaitGroup
	for range 8 {
		tries.Go(func() {
			again, err := l.TryRegistrationCode(t.Context(), r.ID, code)
			if err != nil || again.Status != identity.RegistrationApproved {
				t.Errorf("%v %v", again.Status, err)
			}
		})
	}
	tries.Wait()
	require.Len(t, l.events(t, visit.EventRegistrationDecided), 1)
}

func TestACodeIsNotGoodForLong(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodEmail))
	code := l.code(t, r)
	l.Clock.Advance(identity.CodeFor)
	r, err := l.TryRegistrationCode(t.Context(), r.ID, code)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationExpired, r.Status)
	r, fresh, err := l.ProveRegistration(t.Context(), r.ID, true)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, identity.RegistrationExpired, r.Status)
	_, err = l.ResendRegistration(t.Context(), r.ID)
	require.ErrorIs(t, err, store.ErrRegistrationOver)
	require.Equal(t, []string{"waiting"}, sql[string](t, l.bench, "select status from registrations"), "the clock says it")
	_, err = l.Registration(t.Context(), "01890a5d-ac96-774b-bcce-b302099a8057")
	require.ErrorIs(t, err, store.ErrRegistrationNotFound)
	_, err = l.TryRegistrationCode(t.Context(), "nonsense", code)
	require.ErrorIs(t, err, store.ErrRegistrationNotFound)
}

func TestSendingAgain(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodEmail))
	code := l.code(t, r)
	_, err := l.ResendRegistration(t.Context(), r.ID)
	require.ErrorIs(t, err, store.ErrRegistrationSoon)
	for n := 2; n <= identity.CodeSends; n++ {
		l.Clock.Advance(9 * time.Minute)
		r, err = l.ResendRegistration(t.Context(), r.ID)
		require.NoError(t, err)
		require.Equal(t, n, r.Sends)
		require.Equal(t, code, l.code(t, r), "whichever mail is read")
	}
	require.Equal(t, r.CreatedAt.Add(identity.CodeMost), r.ExpiresAt, "not for ever")
	l.Clock.Advance(2 * time.Minute)
	_, err = l.ResendRegistration(t.Context(), r.ID)
	require.ErrorIs(t, err, store.ErrRegistrationSends)
	require.Len(t, l.events(t, visit.EventCodeRequested), identity.CodeSends)
}

// Two people who have the sponsor's mail answer at once: one answer counts, and both are
// told which.
func TestTwoAnswersAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodSponsor))
	require.Len(t, l.events(t, visit.EventSponsorAsked), 1)
	require.Equal(t, r.CreatedAt.Add(identity.SponsorFor), r.ExpiresAt)
	_, err := l.RegistrationCode(t.Context(), r.ID)
	require.ErrorIs(t, err, store.ErrRegistrationOver, "a sponsor needs no code")

	var mu sync.Mutex // guards what follows
	counted, said := 0, map[identity.RegistrationStatus]int{}
	var answers sync.WaitGroup
	for i := range 8 {
		answers.Go(func() {
			decided, fresh, err := l.DecideRegistration(t.Context(), r.ID, i%2 == 0, l.profile)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			said[decided.Status]++
			if fresh {
				counted++
			}
		})
	}
	answers.Wait()
	require.Equal(t, 1, counted)
	require.Len(t, said, 1, "all are told the same")
	require.Len(t, l.events(t, visit.EventRegistrationDecided), 1)
	l.verify(t)
}

func TestASponsorsAnswer(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	day, err := l.CreateProfile(t.Context(), l.desk, identity.Profile{Name: "Day", Validity: identity.Validity{Kind: identity.Hours, Value: 24}})
	require.NoError(t, err)
	r := l.begin(t, l.asks(identity.MethodSponsor))
	_, _, err = l.DecideRegistration(t.Context(), r.ID, true, "01890a5d-ac96-774b-bcce-b302099a8057")
	require.ErrorIs(t, err, store.ErrProfileNotFound)
	l.Clock.Advance(3 * time.Hour) // the browser was closed meanwhile
	r, fresh, err := l.DecideRegistration(t.Context(), r.ID, true, day.ID)
	require.NoError(t, err)
	require.True(t, fresh)
	_, err = l.TryRegistrationCode(t.Context(), r.ID, "000000")
	require.NoError(t, err)
	at, err := l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationApproved, at.Status)
	admitted := l.admitted(t, *at)
	require.Equal(t, l.Clock.Now().Add(24*time.Hour), admitted.Account.EndsAt, "the profile that was chosen, from now on")
	require.Equal(t, []string{"grace@example.org"}, sql[string](t, l.bench, "select sponsor from accounts"))

	// Refused, and read after the browser was closed.
	r = l.begin(t, l.asks(identity.MethodSponsor))
	_, fresh, err = l.DecideRegistration(t.Context(), r.ID, false, "")
	require.NoError(t, err)
	require.True(t, fresh)
	r, fresh, err = l.DecideRegistration(t.Context(), r.ID, true, day.ID)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, identity.RegistrationDenied, r.Status)
	at, err = l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationDenied, at.Status)
	require.NoError(t, l.CancelRegistration(t.Context(), r.ID))
	at, err = l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	require.Nil(t, at, "read")

	// Each proof is of its own method.
	_, _, err = l.ProveRegistration(t.Context(), l.begin(t, l.asks(identity.MethodSponsor)).ID, true)
	require.ErrorIs(t, err, store.ErrRegistrationNotFound)
	_, _, err = l.DecideRegistration(t.Context(), l.begin(t, l.asks(identity.MethodEmail)).ID, true, day.ID)
	require.ErrorIs(t, err, store.ErrRegistrationNotFound)
	l.verify(t)
}

// Anybody can claim a device and ask for something: what it waits for stays, and it comes
// upon what was approved. A device that cannot be told from others has its address alone
// to come back by.
func TestADevicesRequestsStay(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	upon := func() identity.RegistrationID {
		at, err := l.RegistrationAt(t.Context(), l.portal.ID, phone)
		require.NoError(t, err)
		if at == nil {
			return ""
		}
		return at.ID
	}
	first := l.begin(t, l.asks(identity.MethodSponsor))
	second := l.begin(t, l.asks(identity.MethodEmail))
	require.Equal(t, second.ID, upon())
	_, _, err := l.DecideRegistration(t.Context(), first.ID, true, l.profile)
	require.NoError(t, err)
	require.Equal(t, first.ID, upon())
	l.begin(t, l.asks(identity.MethodEmail))
	require.Equal(t, first.ID, upon())
	first, err = l.Registration(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationApproved, first.Status)

	unknown := l.asks(identity.MethodEmail)
	unknown.Arrival.MAC = ""
	third := l.begin(t, unknown)
	for _, id := range []identity.RegistrationID{second.ID, third.ID} {
		r, err := l.Registration(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, identity.RegistrationWaiting, r.Status)
	}
	at, err := l.RegistrationAt(t.Context(), l.portal.ID, "")
	require.NoError(t, err)
	require.Nil(t, at)

	last := l.begin(t, l.asks(identity.MethodEmail))
	proven, err := l.TryRegistrationCode(t.Context(), last.ID, l.code(t, last))
	require.NoError(t, err)
	l.admitted(t, proven)
	require.Empty(t, upon(), "what came before is no more for who comes again")
}

// What limits there are, whoever is known here; many at once gain nothing.
func TestRegistrationLimits(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	var mails sync.WaitGroup
	for range 12 {
		mails.Go(func() {
			n := l.asks(identity.MethodEmail)
			n.Arrival.MAC = ""
			_, _ = l.BeginRegistration(t.Context(), n)
		})
	}
	mails.Wait()
	require.Len(t, l.events(t, visit.EventCodeRequested), 5, "of one address")
	_, err := l.BeginRegistration(t.Context(), l.asks(identity.MethodEmail))
	require.ErrorIs(t, err, store.ErrRegistrationLimit)

	for i := range 11 {
		n := l.asks(identity.MethodSponsor)
		n.Login, n.Arrival.MAC = strings.Repeat("x", i+1)+"@example.org", ""
		_, err = l.BeginRegistration(t.Context(), n)
	}
	require.ErrorIs(t, err, store.ErrRegistrationLimit, "a sponsor's mailbox")
	for i := range 11 {
		n := l.asks(identity.MethodEmail)
		n.Login, n.Arrival.MAC = strings.Repeat("y", i+1)+"@example.org", "3c:22:fb:00:00:77"
		_, err = l.BeginRegistration(t.Context(), n)
	}
	require.ErrorIs(t, err, store.ErrRegistrationLimit, "a device")
	l.Clock.Advance(time.Hour)
	l.begin(t, l.asks(identity.MethodEmail))
}

// What stands behind a plus makes no other mailbox to fill.
func TestRegistrationsFillNoMailbox(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	for method, most := range map[identity.Method]int{identity.MethodEmail: 5, identity.MethodSponsor: 10} {
		begun := 0
		for tag := range 12 {
			n := l.asks(method)
			address := "victim" + strings.Repeat("+"+string(rune('a'+tag)), tag%3) + "@example.org"
			n.Arrival.MAC, n.Login, n.Sponsor = "", address, ""
			if method == identity.MethodSponsor {
				n.Login, n.Sponsor = strings.Repeat("z", tag+1)+"@example.net", address
			}
			if _, err := l.BeginRegistration(t.Context(), n); err == nil {
				begun++
			}
		}
		require.Equal(t, most, begun, method)
	}
}

// A grace is for reading a mail, and makes nobody a guest: neither in itself nor by
// asking again, with one address or many.
func TestGraces(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	grace := func(login string) (store.Registration, store.Admitted) {
		n := l.asks(identity.MethodEmail)
		n.Login = login
		r := l.begin(t, n)
		return r, l.admit(t, store.Admission{
			Method: identity.MethodEmail, Arrival: store.Arrival{MAC: phone, SSID: "Guests"}, Clicked: true,
			Login: login, Kind: identity.LoginEmail, Visitor: visit.Visitor{Email: login}, Until: l.Clock.Now().Add(10 * time.Minute), Registration: r.ID,
		})
	}
	used := func() bool {
		used, err := l.GraceUsed(t.Context(), l.portal.ID, phone)
		require.NoError(t, err)
		return used
	}
	r, first := grace("ada@example.org")
	require.Equal(t, l.Clock.Now().Add(10*time.Minute), first.Authentication.ExpiresAt)
	r, err := l.Registration(t.Context(), r.ID)
	require.NoError(t, err)
	require.Equal(t, identity.RegistrationWaiting, r.Status, "the grace ends nothing")
	require.Equal(t, first.Authentication.ID, string(r.AccessID))

	l.Clock.Advance(11 * time.Minute)
	require.False(t, used())
	_, second := grace("ada@example.org")
	require.Equal(t, l.Clock.Now().Add(10*time.Minute), second.Authentication.ExpiresAt, "the same account, and no more time than a grace")
	require.Equal(t, l.Clock.Now().Add(10*time.Minute), second.Account.EndsAt)
	require.False(t, second.Account.Proven)
	require.True(t, used(), "two a day")
	without, err := l.GraceUsed(t.Context(), l.portal.ID, "")
	require.NoError(t, err)
	require.True(t, without, "who cannot be told from others has none")

	// The proof takes the grace's place.
	at, err := l.RegistrationAt(t.Context(), l.portal.ID, phone)
	require.NoError(t, err)
	proven, err := l.TryRegistrationCode(t.Context(), at.ID, l.code(t, *at))
	require.NoError(t, err)
	full := l.admitted(t, proven)
	require.Equal(t, second.Account.ID, full.Account.ID, "the grace's account")
	require.True(t, full.Account.Proven)
	require.Equal(t, l.Clock.Now().Add(4*time.Hour), full.Authentication.ExpiresAt)
	require.Equal(t, []string{"replaced"}, sql[string](t, l.bench, "select end_reason from accesses where id = $1", second.Authentication.ID))
	require.False(t, used(), "what something came of does not count")
	l.Clock.Advance(24 * time.Hour)
	require.False(t, used())
	l.verify(t)
}

// Addresses of devices are free: who makes up one after another gets no grace for ever,
// and a crowd that is reading its mail loses none by that.
func TestGracesOfMadeUpDevices(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	used := func() bool {
		used, err := l.GraceUsed(t.Context(), l.portal.ID, phone)
		require.NoError(t, err)
		return used
	}
	for i := range 60 {
		require.False(t, used())
		n := l.asks(identity.MethodEmail)
		n.Login, n.Arrival.MAC = fmt.Sprintf("guest%d@example.org", i), fmt.Sprintf("02:00:00:00:00:%02x", i)
		l.admit(t, store.Admission{
			Method: identity.MethodEmail, Arrival: store.Arrival{MAC: n.Arrival.MAC, SSID: "Guests"}, Clicked: true, Login: n.Login, Kind: identity.LoginEmail,
			Visitor: visit.Visitor{Email: n.Login}, Until: l.Clock.Now().Add(10 * time.Minute), Registration: l.begin(t, n).ID,
		})
	}
	require.False(t, used(), "they may yet read their mail")
	l.Clock.Advance(11 * time.Minute)
	require.True(t, used())
	l.Clock.Advance(time.Hour)
	require.False(t, used())
}

// Who did not ask for a mail says so, and ends what their address was good for.
func TestItWasNotMe(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	r := l.begin(t, l.asks(identity.MethodEmail))
	grace := l.admit(t, store.Admission{
		Method: identity.MethodEmail, Arrival: store.Arrival{MAC: phone, SSID: "Guests"}, Clicked: true,
		Login: r.Login, Kind: identity.LoginEmail, Visitor: r.Visitor, Until: l.Clock.Now().Add(10 * time.Minute), Registration: r.ID,
	})
	r, fresh, err := l.ProveRegistration(t.Context(), r.ID, false)
	require.NoError(t, err)
	require.True(t, fresh)
	require.Equal(t, identity.RegistrationDenied, r.Status)
	require.Equal(t, []string{"revoked"}, sql[string](t, l.bench, "select end_reason from accesses where id = $1", grace.Authentication.ID))
	r, fresh, err = l.ProveRegistration(t.Context(), r.ID, true)
	require.NoError(t, err)
	require.False(t, fresh)
	require.Equal(t, identity.RegistrationDenied, r.Status)
}

// A known address and an unknown one are told apart by nothing.
func TestNobodyLearnsWhoIsKnown(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	known := l.begin(t, l.asks(identity.MethodEmail))
	proven, err := l.TryRegistrationCode(t.Context(), known.ID, l.code(t, known))
	require.NoError(t, err)
	l.admitted(t, proven)
	other := l.asks(identity.MethodEmail)
	other.Login, other.Arrival.MAC = "nobody@example.org", "3c:22:fb:00:00:99"
	again := l.asks(identity.MethodEmail)
	again.Arrival.MAC = "3c:22:fb:00:00:98"
	a, b := l.begin(t, again), l.begin(t, other)
	a.ID, a.Login, a.Arrival.MAC = b.ID, b.Login, b.Arrival.MAC
	require.Equal(t, a, b)
}

func TestContactsAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t).lobby(t, nil)
	l.admit(t, robert(""))
	due, err := l.ContactsDue(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	require.Equal(t, "gmail.com", due[0].Domain)
	require.Equal(t, l.Clock.Now(), due[0].MadeAt)
	status := func() string {
		return sql[string](t, l.bench, "select contact_status || ' ' || coalesce(contact_due_at > contact_checked_at, false)::text from accounts")[0]
	}
	require.NoError(t, l.JudgeContact(t.Context(), due[0].Account, identity.ContactUnknown, l.Clock.Now().Add(time.Hour)))
	require.Equal(t, "unknown true", status())
	none, err := l.ContactsDue(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, none)
	l.Clock.Advance(time.Hour)
	require.NoError(t, l.JudgeContact(t.Context(), due[0].Account, identity.ContactDisposable, time.Time{}))
	require.Equal(t, "disposable false", status())
	require.NoError(t, l.JudgeContact(t.Context(), due[0].Account, identity.ContactValid, time.Time{}))
	require.Equal(t, "disposable false", status(), "settled")
}
