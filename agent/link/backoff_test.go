package link

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/wire"
)

func highest() float64 { return 1 }

func TestBackoffSchedule(t *testing.T) {
	t.Parallel()
	p := pauses{Backoff: DefaultBackoff, random: highest}
	var got []time.Duration
	for range 9 {
		got = append(got, p.after(errSilent, time.Second))
	}
	s := time.Second
	require.Equal(t, []time.Duration{s / 2, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s, 30 * s}, got)
	require.Equal(t, 30*s, p.after(errSilent, 59*s), "not yet stable")
	require.Equal(t, s/2, p.after(errSilent, time.Minute), "stable for a minute")
	require.Equal(t, s, p.after(errSilent, 0))
}

func TestBackoffJitterIsFull(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		random := rapid.Float64Range(0, 0.999).Draw(t, "random")
		p := pauses{Backoff: DefaultBackoff, random: func() float64 { return random }}
		for range rapid.IntRange(0, 200).Draw(t, "early ends") {
			p.after(errSilent, 0)
		}
		pause := p.after(errSilent, 0)
		if pause < 0 || pause > 30*time.Second {
			t.Fatalf("a pause of %s", pause)
		}
	})
}

func TestBackoffHeedsTheHub(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err         error
		least, most time.Duration
	}{
		{&websocket.CloseError{Code: wire.CloseRestart}, 0, 5 * time.Second},
		{&websocket.CloseError{Code: wire.CloseOverloaded}, 5 * time.Second, 6 * time.Second},
		{&websocket.CloseError{Code: wire.CloseReplaced}, 5 * time.Minute, 6 * time.Minute},
		{&websocket.CloseError{Code: wire.CloseUnknown}, 5 * time.Minute, 6 * time.Minute},
		{&websocket.CloseError{Code: wire.CloseQuarantined}, time.Hour, time.Hour + time.Minute},
		{&unavailable{status: http.StatusServiceUnavailable, after: 20 * time.Second}, 20 * time.Second, 21 * time.Second},
		{&unavailable{status: http.StatusServiceUnavailable, after: 24 * time.Hour}, 5 * time.Minute, 6 * time.Minute},
		{&unavailable{status: http.StatusBadGateway}, 0, time.Second},
		{errors.Join(errRefused), 30 * time.Second, time.Minute},
	} {
		lowest := pauses{Backoff: DefaultBackoff, random: func() float64 { return 0 }}
		require.GreaterOrEqual(t, lowest.after(c.err, 0), c.least, c.err)
		top := pauses{Backoff: DefaultBackoff, random: highest}
		require.LessOrEqual(t, top.after(c.err, 0), c.most, c.err)
	}
}
