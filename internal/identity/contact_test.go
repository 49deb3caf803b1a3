package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestListsOfDomains(t *testing.T) {
	t.Parallel()
	disposable, providers := Disposable(), Providers()
	require.Greater(t, len(disposable), 150)
	for domain := range providers {
		require.False(t, disposable.Has(domain), domain)
	}
	require.True(t, disposable.Has("mailinator.com"))
	require.True(t, disposable.Has("some.Mailinator.COM."), "what is below, however it is written")
	require.False(t, disposable.Has("notmailinator.com"))
	require.False(t, disposable.Has("com"))
	require.False(t, Domains{}.Has(""))

	read, err := ReadDomains(strings.NewReader("# ours\n\n Example.ORG. # why\nexample.net\r\n"))
	require.NoError(t, err)
	require.Equal(t, Domains{"example.org": {}, "example.net": {}}, read)
	for _, text := range []string{"localhost", "a@example.org", "https://example.org/list", "a b.example", strings.Repeat("x.", 130) + "org"} {
		_, err := ReadDomains(strings.NewReader(text))
		require.ErrorIs(t, err, ErrDomains, text)
	}
}

func TestMailDomain(t *testing.T) {
	t.Parallel()
	for address, domain := range map[string]string{"a@Example.org": "example.org", "a@b@c.example": "c.example", "+4930901820": "", "name": "", "a@x.example.": "x.example"} {
		require.Equal(t, domain, MailDomain(address))
	}
}

// A proof beats every list; a list beats DNS; where DNS did not answer nothing is known.
func TestContacts(t *testing.T) {
	t.Parallel()
	lists := Lists{Disposable: Domains{"throw.example": {}}, Providers: Domains{"big.example": {}}}
	for _, of := range []struct {
		proven  bool
		domain  string
		status  ContactStatus
		settled bool
	}{
		{true, "throw.example", ContactValid, true},
		{false, "", ContactUnknown, true},
		{false, "a.throw.example", ContactDisposable, true},
		{false, "big.example", ContactValid, true},
		{false, "other.example", ContactUnknown, false},
		{false, "münchen.example", ContactUnknown, true}, // not asked for
	} {
		status, settled := lists.JudgeOffline(of.proven, of.domain)
		require.Equal(t, of.status, status, of.domain)
		require.Equal(t, of.settled, settled, of.domain)
	}
	for _, of := range []struct {
		Lookup
		status  ContactStatus
		settled bool
	}{
		{Lookup{MX: AnswerSome}, ContactValid, true},
		{Lookup{MX: AnswerSome, NullMX: true}, ContactInvalid, true},
		{Lookup{MX: AnswerNone, Hosts: AnswerSome}, ContactValid, true},
		{Lookup{MX: AnswerNone, Hosts: AnswerNone}, ContactInvalid, true},
		{Lookup{MX: AnswerNone, Hosts: AnswerFailed}, ContactUnknown, false},
		{Lookup{MX: AnswerFailed}, ContactUnknown, false},
		{Lookup{}, ContactUnknown, false},
	} {
		status, settled := of.Judge()
		require.Equal(t, of.status, status, of.Lookup)
		require.Equal(t, of.settled, settled, of.Lookup)
	}
}

func TestWhenToLookAgain(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for age, pause := range map[time.Duration]time.Duration{
		0: ContactSoonest, 30 * time.Minute: ContactSoonest, 5 * time.Hour: 5 * time.Hour, 72 * time.Hour: ContactLatest,
	} {
		require.Equal(t, made.Add(age+pause), ContactAgain(made, made.Add(age)))
	}
	require.Zero(t, ContactAgain(made, made.Add(ContactGiveUp)))
}

func TestSendingAgain(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s := Sending{Method: MethodEmail, Sends: 1, SentAt: begun, CreatedAt: begun, ExpiresAt: begun.Add(CodeFor)}
	ok, wait := s.Again(begun.Add(CodeAgain - time.Second))
	require.False(t, ok)
	require.Equal(t, time.Second, wait)
	ok, _ = s.Again(begun.Add(CodeAgain))
	require.True(t, ok)
	ok, wait = s.Again(begun.Add(CodeFor))
	require.False(t, ok, "it is over")
	require.Zero(t, wait)
	s.Sends = CodeSends
	ok, _ = s.Again(begun.Add(CodeAgain))
	require.False(t, ok)
	require.Equal(t, begun.Add(CodeMost), s.GoodUntil(begun.Add(25*time.Minute)))
	s.Method = MethodSponsor
	require.Equal(t, begun.Add(SponsorFor), s.GoodUntil(begun.Add(time.Hour)))
}

func TestARegistrationExpiresByTheClock(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, s := range []RegistrationStatus{RegistrationWaiting, RegistrationApproved} {
		require.Equal(t, s, s.StatusNow(until, until.Add(-1)))
		require.Equal(t, RegistrationExpired, s.StatusNow(until, until))
	}
	for _, s := range []RegistrationStatus{RegistrationDenied, RegistrationCancelled, RegistrationDone} {
		require.Equal(t, s, s.StatusNow(until, until.Add(time.Hour)))
	}
}
