package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/webhook"
)

// The vector that the project's own libraries are tested with.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorAt = time.Unix(1614265330, 0)

func secret(t require.TestingT, fill string) webhook.Secret {
	s, err := webhook.NewSecret(strings.NewReader(strings.Repeat(fill, 64)))
	require.NoError(t, err)
	return s
}

func parsed(t require.TestingT, text string) webhook.Secret {
	s, err := webhook.ParseSecret(text)
	require.NoError(t, err)
	return s
}

func TestSignAgreesWithThePublishedVector(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	webhook.Sign(header, vectorID, vectorAt, []byte(vectorBody), parsed(t, vectorSecret))
	require.Equal(t, vectorID, header.Get("webhook-id"))
	require.Equal(t, "1614265330", header.Get("webhook-timestamp"))
	require.Equal(t, vectorSignature, header.Get("webhook-signature"))
	require.NoError(t, webhook.Verify(header, []byte(vectorBody), vectorAt, parsed(t, vectorSecret)))
}

// TestOfficialLibraryAgrees has the project's library judge what we sign, and us
// what it signs.
func TestOfficialLibraryAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 24, 64).Draw(t, "key")
		body := []byte(rapid.String().Draw(t, "body"))
		id := rapid.StringMatching(`[0-9a-f-]{1,36}`).Draw(t, "id")
		text := "whsec_" + base64.StdEncoding.EncodeToString(key)
		judge, err := standardwebhooks.NewWebhook(text)
		require.NoError(t, err)

		header := http.Header{}
		webhook.Sign(header, id, time.Now(), body, secret(t, "another"), parsed(t, text))
		require.NoError(t, judge.Verify(body, header))
		require.Error(t, judge.Verify(append(body, '.'), header))

		signature, err := judge.Sign(id, time.Now(), body)
		require.NoError(t, err)
		require.Equal(t, signature, strings.Fields(header.Get("webhook-signature"))[1])
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now, body := time.Unix(1_800_000_000, 0), []byte(`{"type":"visitor.checked_in"}`)
	current, old, other := secret(t, "a"), secret(t, "b"), secret(t, "c")
	signed := func() http.Header {
		header := http.Header{}
		webhook.Sign(header, "1f81eb52", now, body, current, old)
		return header
	}
	require.NoError(t, webhook.Verify(signed(), body, now, current))
	require.NoError(t, webhook.Verify(signed(), body, now, old), "a receiver that has not changed yet")
	require.NoError(t, webhook.Verify(signed(), body, now, other, old), "one that knows several")
	require.NoError(t, webhook.Verify(signed(), body, now.Add(webhook.Tolerance), current))
	require.NoError(t, webhook.Verify(signed(), body, now.Add(-webhook.Tolerance), current))

	require.ErrorIs(t, webhook.Verify(signed(), body, now, other), webhook.ErrSignature)
	require.ErrorIs(t, webhook.Verify(signed(), body, now), webhook.ErrSignature)
	require.ErrorIs(t, webhook.Verify(signed(), append(body, ' '), now, current), webhook.ErrSignature)
	require.ErrorIs(t, webhook.Verify(signed(), body, now.Add(webhook.Tolerance+time.Second), current), webhook.ErrTooOld)
	require.ErrorIs(t, webhook.Verify(signed(), body, now.Add(-webhook.Tolerance-time.Second), current), webhook.ErrTooNew)
	for name, change := range map[string]struct {
		header, value string
		want          error
	}{
		"no id":         {"webhook-id", "", webhook.ErrHeaders},
		"another id":    {"webhook-id", "1f81eb53", webhook.ErrSignature},
		"no time":       {"webhook-timestamp", "", webhook.ErrHeaders},
		"no number":     {"webhook-timestamp", "now", webhook.ErrHeaders},
		"another time":  {"webhook-timestamp", "1800000001", webhook.ErrSignature},
		"no signature":  {"webhook-signature", "", webhook.ErrHeaders},
		"other version": {"webhook-signature", "v1a" + signed().Get("webhook-signature")[2:46], webhook.ErrSignature},
		"no base64":     {"webhook-signature", "v1,!!!", webhook.ErrSignature},
		"empty":         {"webhook-signature", "v1,", webhook.ErrSignature},
	} {
		header := signed()
		header.Set(change.header, change.value)
		require.ErrorIs(t, webhook.Verify(header, body, now, current), change.want, name)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := secret(t, "a")
	require.Equal(t, s.Reveal(), parsed(t, s.Reveal()).Reveal())
	require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, s.Reveal())
	for name, text := range map[string]string{
		"empty": "", "no prefix": vectorSecret[6:], "another prefix": "whsk_" + vectorSecret[6:], "no base64": "whsec_MfKQ!",
		"too short": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23)),
		"too long":  "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65)),
		"a line":    vectorSecret + "\n",
	} {
		_, err := webhook.ParseSecret(text)
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), name)
		if len(text) > 6 {
			require.NotContains(t, err.Error(), text[6:], name)
		}
	}
	_, err := webhook.NewSecret(strings.NewReader("short"))
	require.Error(t, err)
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s := parsed(t, vectorSecret)
	holder := struct{ S webhook.Secret }{s}
	encoded, err := json.Marshal(holder)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "holder", holder)
	for _, text := range []string{fmt.Sprint(s, holder), fmt.Sprintf("%v %+v %#v %x %s", s, holder, s, s, holder), string(encoded), log.String()} {
		require.NotContains(t, text, "MfKQ")
		require.NotContains(t, text, "31f290")
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	middle := func() float64 { return 0.5 }
	total, attempts := time.Duration(0), 1
	for {
		pause, again := webhook.Pause(attempts, middle)
		if !again {
			break
		}
		total += pause
		attempts++
	}
	require.Equal(t, webhook.Attempts, attempts)
	require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, total)
	first, _ := webhook.Pause(1, func() float64 { return 0 })
	require.Equal(t, 4500*time.Millisecond, first)
	last, _ := webhook.Pause(9, func() float64 { return 0.999999 })
	require.InDelta(t, (26*time.Hour + 24*time.Minute).Seconds(), last.Seconds(), 1)
	for _, attempt := range []int{-1, 0, 10, 1000} {
		_, again := webhook.Pause(attempt, middle)
		require.False(t, again)
	}
}
