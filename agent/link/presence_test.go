package link

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/agent/link/linktest"
	"github.com/foyerhq/foyer/internal/wire"
)

// fakePresence says what it was asked.
type fakePresence chan string

func (f fakePresence) Version() string { return "v1" }

func (f fakePresence) Take(p *wire.PresenceSnapshot) error {
	f <- p.Version
	if p.Part > 0 {
		return errors.New("a part is missing")
	}
	return nil
}

func (f fakePresence) Clear() { f <- "clear" }

func TestListOfWhoIsInTheBuilding(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shown, due := make(fakePresence, 10), make(chan struct{}, 1)
	b.cfg.Presence, b.cfg.StatsDue = shown, due
	hub := b.start()
	require.Equal(t, []wire.Type{wire.TakesDevices, wire.TypePresenceSnapshot}, hub.Hello.Takes)
	require.Equal(t, "v1", hub.Hello.Presence)
	hub.Send(&wire.PresenceSnapshot{Version: "v2", Last: true})
	require.Equal(t, "v2", <-shown)
	linktest.Expect[*wire.Stats](hub)
	due <- struct{}{}
	linktest.Expect[*wire.Stats](hub)

	hub.Send(&wire.PresenceSnapshot{Version: "v3", Part: 1, Last: true})
	require.Equal(t, "v3", <-shown)
	again := b.hub.Next() // what does not fit is sent again, from the beginning
	again.Close(wire.CloseWithdrawn)
	require.Equal(t, "clear", <-shown)
	require.Eventually(t, func() bool { return b.link.State().Phase == Withdrawn }, 20*time.Second, time.Millisecond)
}
