package worker

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
)

// peerDesk has a peer whose zone cannot be read before one that is fine.
type peerDesk struct {
	failed map[store.PeerID]string
	pushed []store.PeerID
}

var errUnreadable = errors.New("no such key")

func (d *peerDesk) DuePushes(context.Context, int) ([]store.PeerID, error) {
	return []store.PeerID{"broken", "sound"}, nil
}

func (d *peerDesk) ComposePush(_ context.Context, id store.PeerID) (store.ZonePush, error) {
	if id == "broken" {
		return store.ZonePush{}, errUnreadable
	}
	return store.ZonePush{Peer: store.Peer{ID: id}}, nil
}

func (d *peerDesk) Pushed(_ context.Context, push store.ZonePush, _ int) error {
	d.pushed = append(d.pushed, push.Peer.ID)
	return nil
}

func (d *peerDesk) PushFailed(_ context.Context, push store.ZonePush, reason string) error {
	d.failed[push.Peer.ID] = reason
	return nil
}

func TestAPeerThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	d := &peerDesk{failed: map[store.PeerID]string{}}
	pushed, err := (&Peers{Store: d}).Push(t.Context())
	require.ErrorIs(t, err, errUnreadable)
	require.Equal(t, 1, pushed)
	require.Equal(t, []store.PeerID{"sound"}, d.pushed)
	require.Equal(t, map[store.PeerID]string{"broken": "internal"}, d.failed, "tried again later")
}
