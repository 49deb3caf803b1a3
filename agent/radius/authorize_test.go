package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestAcceptSaysHowLongAndWhatThen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left     time.Duration
		bound    int
		interim  int
		seconds  rfc2865.SessionTimeout
		then     rfc2865.TerminationAction
		interval rfc2869.AcctInterimInterval
	}{
		"the visit's end":              {time.Hour, 0, 0, 3600, 0, 300},
		"the NAS's bound":              {time.Hour, 900, 600, 900, 1, 600},
		"the visit ends first":         {10 * time.Minute, 900, 0, 600, 0, 300},
		"both at once":                 {15 * time.Minute, 900, 0, 900, 0, 300},
		"fractions are cut":            {90*time.Second + 999*time.Millisecond, 0, 0, 90, 0, 300},
		"one second":                   {time.Second, 0, 0, 1, 0, 300},
		"longer than a signed integer": {100 * 365 * 24 * time.Hour, 0, 0, math.MaxInt32, 0, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.grants.byName[testUser].NotAfter = testStart.Add(c.left)
			b.nases.set(func(n *wire.NAS) { n.MaxSessionSeconds, n.InterimSeconds = c.bound, c.interim })
			p := b.auth(t, papLogin(t, testUser, testPassword).signed(t))
			require.Equal(t, layeh.CodeAccessAccept, p.Code)
			require.Equal(t, c.seconds, rfc2865.SessionTimeout_Get(p))
			require.Equal(t, c.then, rfc2865.TerminationAction_Get(p))
			require.Equal(t, c.interval, rfc2869.AcctInterimInterval_Get(p))
			require.Equal(t, testStart.Add(time.Duration(c.seconds)*time.Second), b.sessions.until[0])
		})
	}
}

func TestLessThanASecondLeftIsExpired(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.grants.byName[testUser].NotAfter = testStart.Add(time.Second - 1)
	require.Equal(t, layeh.CodeAccessReject, b.auth(t, papLogin(t, testUser, testPassword).signed(t)).Code)
	require.Equal(t, wire.RefusedExpired, b.journal.refused()[0].Reason)
	require.Empty(t, b.sessions.logins())
}

func TestSessionTimeoutNeverOutlastsTheGrant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		left := time.Duration(rapid.Int64().Draw(t, "left"))
		bound := rapid.IntRange(-1, 1<<40).Draw(t, "bound")
		seconds, renew := sessionTimeout(left, bound)
		require.LessOrEqual(t, time.Duration(seconds)*time.Second, max(left, 0))
		require.LessOrEqual(t, seconds, uint32(math.MaxInt32))
		if bound > 0 {
			require.LessOrEqual(t, int64(seconds), int64(bound))
		}
		if renew {
			require.Equal(t, int64(bound), int64(seconds))
			require.Greater(t, left, time.Duration(seconds)*time.Second, "asking again is of use only before the end")
		}
		if left >= time.Second {
			require.NotZero(t, seconds)
		}
	})
}

func TestRefusalsTellStaffWhy(t *testing.T) {
	t.Parallel()
	for why, arrange := range map[wire.RefusedReason]func(*bundle) (name, password string){
		wire.RefusedUnknownUser:   func(*bundle) (string, string) { return "v-nobody22", testPassword },
		wire.RefusedWrongPassword: func(*bundle) (string, string) { return testUser, "wrong" },
		wire.RefusedExpired: func(b *bundle) (string, string) {
			b.grants.end(testUser, wire.RefusedExpired)
			return testUser, testPassword
		},
		wire.RefusedRevoked: func(b *bundle) (string, string) {
			b.grants.end(testUser, wire.RefusedRevoked)
			return testUser, testPassword
		},
		wire.RefusedNotYetValid: func(b *bundle) (string, string) {
			b.grants.end(testUser, wire.RefusedNotYetValid)
			return testUser, testPassword
		},
		wire.RefusedDeviceLimit: func(b *bundle) (string, string) {
			b.grants.byName[testUser].DeviceLimit = 1
			b.sessions.Accepted(wire.Session{GrantID: b.grants.byName[testUser].ID, MAC: "02:00:00:00:00:99"}, testStart)
			return testUser, testPassword
		},
	} {
		t.Run(string(why), func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			name, password := arrange(b)
			p := b.auth(t, papLogin(t, name, password).from("02-00-00-00-00-01").signed(t))
			require.Equal(t, layeh.CodeAccessReject, p.Code)
			got := b.journal.refused()
			require.Len(t, got, 1)
			require.Equal(t, why, got[0].Reason)
			require.Equal(t, name, got[0].Username)
			require.Equal(t, "02:00:00:00:00:01", got[0].MAC)
			require.Equal(t, "pap", got[0].Method)
			for _, a := range p.Attributes { // RFC 2865 5.44
				require.Contains(t, []layeh.Type{layeh.Type(attrMessageAuthenticator), layeh.Type(attrReplyMessage)}, a.Type)
			}
		})
	}
}

func TestPasswordOfRubbishMeansAnotherSecret(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AllowNone })
	m := papLogin(t, testUser, testPassword)
	request := m.octets(t)
	b.nases.set(func(n *wire.NAS) { n.Secret = "what the NAS does not have" })
	require.Equal(t, byte(codeAccessReject), b.ask(request, authPort, testNAS)[0])
	require.Equal(t, wire.RefusedWrongSecret, b.journal.refused()[0].Reason)
}

func TestWrongNameAndWrongPasswordLookTheSame(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	unknown := b.auth(t, papLogin(t, "v-nobody22", testPassword).signed(t))
	wrong := b.auth(t, papLogin(t, testUser, "wrong").signed(t))
	require.Len(t, unknown.Attributes, 1)
	require.Len(t, wrong.Attributes, 1)
}

func TestGrantWithoutPasswordIsNeverProved(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.grants.byName[testUser].Password = ""
	for _, request := range [][]byte{
		papLogin(t, testUser, "").signed(t),
		papLogin(t, testUser, " - ").signed(t),
		chapLogin(t, testUser, "").signed(t),
		mschap2Login(t, testUser, "").signed(t),
	} {
		require.Equal(t, layeh.CodeAccessReject, b.auth(t, request).Code)
	}
}

func TestPAPLengths(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for n := range maxValue + 1 {
		p := b.ask(login(t, testUser).with(attrUserPassword, make([]byte, n)).signed(t), authPort, testNAS)
		require.NotNil(t, p, "%d octets", n)
		require.Equal(t, byte(codeAccessReject), p[0])
		b.clock.move(brakeWindow)
	}
}

func TestPAPAgreesWithAnotherImplementation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.SliceOfN(rapid.ByteRange(1, 255), 1, 128).Draw(t, "password")
		secret := rapid.StringN(1, 40, 128).Draw(t, "secret")
		authenticator := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "authenticator")
		hidden, err := layeh.NewUserPassword(password, []byte(secret), authenticator)
		require.NoError(t, err)
		var h hasher
		plain := append([]byte{}, hidden...)
		h.xorKeystream(plain, authenticator, secret, false)
		require.Equal(t, password, []byte(strings.TrimRight(string(plain), "\x00")))
		h.xorKeystream(plain, authenticator, secret, true)
		require.Equal(t, []byte(hidden), plain)
	})
}

func TestCHAPWithoutChallengeUsesTheAuthenticator(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := login(t, testUser)
	sum := md5.Sum(append(append([]byte{1}, testPassword...), m.Authenticator[:]...))
	m.with(attrCHAPPassword, append([]byte{1}, sum[:]...))
	require.Equal(t, layeh.CodeAccessAccept, b.auth(t, m.signed(t)).Code)
}

func TestCHAPRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for _, n := range []int{0, 1, 16, 18} {
		require.Equal(t, layeh.CodeAccessReject, b.auth(t, login(t, testUser).with(attrCHAPPassword, make([]byte, n)).signed(t)).Code)
	}
	sum := md5.Sum(append([]byte{1}, testPassword...))
	empty := login(t, testUser).with(attrCHAPPassword, append([]byte{1}, sum[:]...)).with(attrCHAPChallenge, nil)
	require.Equal(t, layeh.CodeAccessReject, b.auth(t, empty.signed(t)).Code, "an empty challenge is none")
}

func TestMessageAuthenticatorPolicies(t *testing.T) {
	t.Parallel()
	plain := papLogin(t, testUser, testPassword)
	proxied := papLogin(t, testUser, testPassword).with(attrProxyState, []byte("p"))
	eap := login(t, testUser).with(attrEAPMessage, []byte{2, 1, 0, 4})
	for _, c := range []struct {
		policy                                  visit.MessageAuthenticatorPolicy
		plain, withProxyState, signed, eapPlain bool
	}{
		{visit.RequireMessageAuthenticator, false, false, true, false},
		{visit.AutoMessageAuthenticator, true, false, true, false},
		{visit.AllowNone, true, false, true, false},
		{"", false, false, true, false}, // unset is the default
		{"of the future", false, false, true, false},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = c.policy })
			require.Equal(t, c.plain, b.auth(t, plain.octets(t)) != nil)
			require.Equal(t, c.withProxyState, b.auth(t, proxied.octets(t)) != nil)
			require.Equal(t, c.eapPlain, b.auth(t, eap.octets(t)) != nil)
			require.Equal(t, c.signed, b.auth(t, papLogin(t, testUser, testPassword).with(attrProxyState, []byte("p")).signed(t)) != nil)
		})
	}
}

func TestAutoPolicyOnlyRatchetsUp(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AutoMessageAuthenticator })
	plain := func() []byte { return papLogin(t, testUser, testPassword).octets(t) }
	require.NotNil(t, b.auth(t, plain()))
	forged := papLogin(t, testUser, testPassword).signed(t)
	forged[offsetOf(t, forged, attrMessageAuthenticator)+2] ^= 1
	require.Nil(t, b.auth(t, forged))
	require.NotNil(t, b.auth(t, login(t, testUser).with(attrEAPMessage, []byte{2, 1, 0, 4}).signed(t)), "EAP proves nothing")
	require.NotNil(t, b.auth(t, plain()))
	require.Empty(t, b.ratchets)

	require.NotNil(t, b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
	require.NotNil(t, b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
	require.Nil(t, b.auth(t, plain()))
	require.Len(t, b.ratchets, 1)
	require.Equal(t, visit.NASID("nas-1"), <-b.ratchets)

	for _, choice := range []visit.MessageAuthenticatorPolicy{visit.RequireMessageAuthenticator, visit.AutoMessageAuthenticator} {
		b.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = choice })
		answered := b.auth(t, papLogin(t, testUser, testPassword).octets(t)) != nil
		require.Equal(t, choice == visit.AutoMessageAuthenticator, answered, "the operator's choice begins anew")
	}
}

// TestForgeries changes every bit of a signed request in turn. Its negative
// control is the same loop where nothing is signed and requests are believed.
func TestForgeries(t *testing.T) {
	t.Parallel()
	count := func(b *bundle, request []byte) (answers int) {
		for bit := range 8 * len(request) {
			forged := append([]byte{}, request...)
			forged[bit/8] ^= 1 << (bit % 8)
			if b.ask(forged, authPort, testNAS) != nil {
				answers++
			}
		}
		return answers
	}
	require.Zero(t, count(newBundle(t), papLogin(t, testUser, testPassword).signed(t)))

	trusting := newBundle(t)
	trusting.nases.set(func(n *wire.NAS) { n.MessageAuthenticator = visit.AllowNone })
	require.NotZero(t, count(trusting, papLogin(t, testUser, testPassword).octets(t)))
}

func TestTwoMessageAuthenticatorsAreNone(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := papLogin(t, testUser, testPassword)
	request := m.with(attrMessageAuthenticator, make([]byte, 16)).with(attrMessageAuthenticator, make([]byte, 16)).octets(t)
	p, err := parse(request)
	require.NoError(t, err)
	var h hasher
	f := p.fields()
	require.True(t, f.repeatedMA)
	sum := h.messageAuthenticator(p, f.messageAuthenticator, p.authenticator(), testSecret)
	copy(p.value(f.messageAuthenticator), sum[:])
	require.Nil(t, b.auth(t, request))
	for _, n := range []int{0, 15, 17} {
		require.Nil(t, b.auth(t, papLogin(t, testUser, testPassword).with(attrMessageAuthenticator, make([]byte, n)).octets(t)))
	}
	require.Equal(t, 4, b.discarded(authPort, dropNotAuthentic))
}

func TestPaddingIsNoPartOfThePacket(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	request := append(papLogin(t, testUser, testPassword).signed(t), 1, 2, 3)
	require.Equal(t, layeh.CodeAccessAccept, b.auth(t, request[:len(request)-3]).Code)
	require.NotNil(t, b.ask(request, authPort, testNAS))
	record := append(account(t, rfc2866.AcctStatusType_Value_Start, "1").octets(t), 1, 2, 3)
	require.NotNil(t, b.ask(record, acctPort, testNAS))
}

// TestMessageAuthenticatorIsHMAC compares with the standard library for secrets
// shorter and longer than a block.
func TestMessageAuthenticatorIsHMAC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringN(0, 128, 128).Draw(t, "secret")
		p := packet(header(headerLen+18+3, append(append([]byte{80, 18}, make([]byte, 16)...), 1, 3, 'x')...))
		mac := hmac.New(md5.New, []byte(secret))
		mac.Write(p)
		copy(p.value(headerLen), "what stands here")
		var h hasher
		got := h.messageAuthenticator(p, headerLen, zeros[:], secret)
		require.Equal(t, mac.Sum(nil), got[:])
	})
}

func TestWithoutRandomnessThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	b := newBundle(t, func(c *Config) { c.ClassKey, c.Rand = make([]byte, classKeyLen), iotest.ErrReader(errors.New("none")) })
	require.Nil(t, b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
	require.Nil(t, b.auth(t, mschap2Login(t, testUser, "wrong").signed(t)))
	require.Equal(t, 2, b.discarded(authPort, dropInternal))
	_, err := New(Config{
		Grants: b.grants, NASes: b.nases, Sessions: b.sessions, Journal: b.journal, Logger: b.cfg.Logger, Metrics: b.cfg.Metrics,
		Rand: iotest.ErrReader(errors.New("none")),
	})
	require.Error(t, err)
}

func TestUnknownSourceHearsNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := papLogin(t, testUser, testPassword).with(attrNASIPAddress, []byte{127, 0, 0, 1})
	require.Nil(t, b.ask(m.signed(t), authPort, netip.MustParseAddrPort("192.0.2.1:1812")))
	require.Equal(t, 1, b.discarded(authPort, dropUnknownNAS))
	require.NotNil(t, b.ask(m.signed(t), authPort, netip.MustParseAddrPort("[::ffff:127.0.0.1]:1812")), "a socket of both families")
}

func TestCodesOfNoUse(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for c := range 256 {
		m := newMessage(code(c)).with(attrUserName, []byte(testUser)).signed(t)
		onAuth, onAcct := b.ask(m, authPort, testNAS) != nil, b.ask(m, acctPort, testNAS) != nil
		require.Equal(t, code(c) == codeAccessRequest || code(c) == codeStatusServer, onAuth, c)
		require.Equal(t, code(c) == codeStatusServer, onAcct, c) // accounting lacks its Acct-Status-Type
	}
}

func TestDeviceLimitUnderARace(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.grants.byName[testUser].DeviceLimit = 3
	codes := make(chan byte, 32)
	for i := range cap(codes) {
		mac := "02-00-00-00-00-" + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
		request := papLogin(t, testUser, testPassword).from(mac).signed(t)
		go func() { codes <- b.ask(request, authPort, testNAS)[0] }()
	}
	accepted := 0
	for range cap(codes) {
		if <-codes == byte(codeAccessAccept) {
			accepted++
		}
	}
	require.Equal(t, 3, accepted)
	again := papLogin(t, testUser, testPassword).from(b.sessions.logins()[0].MACSpelt).signed(t)
	require.Equal(t, layeh.CodeAccessAccept, b.auth(t, again).Code, "a device that is counted may come again")
}

func TestStatusServerIsLimited(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	answered := 0
	for range 50 {
		if b.auth(t, newMessage(codeStatusServer).signed(t)) != nil {
			answered++
		}
	}
	require.Equal(t, statusBurst, answered)
	require.Equal(t, 50-statusBurst, b.discarded(authPort, dropRateLimited))
	require.Empty(t, b.journal.refused())
}

func TestLongAnswerIsSilence(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	m := papLogin(t, testUser, testPassword)
	for range 15 {
		m.with(attrProxyState, make([]byte, maxValue))
	}
	m.with(attrProxyState, make([]byte, 150))
	require.Nil(t, b.auth(t, m.signed(t)))
	require.Equal(t, 1, b.discarded(authPort, dropTooLong))
}

func TestClassIsOpaqueAndFresh(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef0123456789abcdef")
	b := newBundle(t, func(c *Config) { c.ClassKey = key })
	id := b.grants.byName[testUser].ID
	one := rfc2865.Class_Get(b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
	two := rfc2865.Class_Get(b.auth(t, papLogin(t, testUser, testPassword).signed(t)))
	require.NotEqual(t, one, two)
	require.NotContains(t, string(one), id)

	restarted := newBundle(t, func(c *Config) { c.ClassKey = key })
	require.Equal(t, id, restarted.classes.open(one))
	require.Empty(t, newBundle(t).classes.open(one), "another key")
	for i := range one {
		forged := append([]byte{}, one...)
		forged[i] ^= 1
		require.Empty(t, restarted.classes.open(forged))
		require.Empty(t, restarted.classes.open(one[:i]))
	}
	none, err := b.classes.seal(nil, strings.Repeat("x", maxValue))
	require.NoError(t, err)
	require.Empty(t, none)
}
