package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
)

// peersStore is what Peers needs of the database.
type peersStore interface {
	DuePushes(ctx context.Context, limit int) ([]store.PeerID, error)
	ComposePush(ctx context.Context, id store.PeerID) (store.ZonePush, error)
	Pushed(ctx context.Context, push store.ZonePush, refused int) error
	PushFailed(ctx context.Context, push store.ZonePush, reason string) error
}

// Peers sends zones of roll codes to other deployments that have them as well. What
// they cannot take waits in the ledger.
type Peers struct {
	Store  peersStore
	Client *http.Client // dials whom the deployment may call, by TLS outside of it
	Plain  bool         // http instead of https: tests
}

const (
	pushFor    = 20 * time.Second // a part
	peersAtOne = 20               // in one pass
	maxAnswer  = 1 << 20
)

// Push sends what is due, and returns to how many peers. One that fails holds up no
// other, but for the time it takes to fail.
func (p *Peers) Push(ctx context.Context) (int, error) {
	due, err := p.Store.DuePushes(ctx, peersAtOne)
	if err != nil {
		return 0, err
	}
	pushed, failed := 0, error(nil)
	for _, id := range due {
		sent, err := p.push(ctx, id)
		if err != nil {
			failed = errors.Join(failed, err)
			if err := p.Store.PushFailed(ctx, store.ZonePush{Peer: store.Peer{ID: id}}, "internal"); err != nil {
				return pushed, errors.Join(failed, err)
			}
		}
		if sent {
			pushed++
		}
	}
	return pushed, failed
}

// push sends what one peer does not have, and reports whether it took it.
func (p *Peers) push(ctx context.Context, id store.PeerID) (sent bool, err error) {
	push, err := p.Store.ComposePush(ctx, id)
	if err != nil {
		return false, err
	}
	refused, reason := p.send(ctx, push)
	if reason != "" {
		return false, p.Store.PushFailed(ctx, push, reason)
	}
	return true, p.Store.Pushed(ctx, push, refused)
}

// send returns how many rolls were refused, or why nothing more was sent.
func (p *Peers) send(ctx context.Context, push store.ZonePush) (refused int, reason string) {
	for _, part := range push.Parts {
		n, reason := p.sendPart(ctx, push.Peer, part)
		if reason != "" {
			return 0, reason
		}
		refused += n
	}
	return refused, ""
}

func (p *Peers) sendPart(ctx context.Context, peer store.Peer, part store.ZoneSync) (refused int, reason string) {
	ctx, cancel := context.WithTimeout(ctx, pushFor)
	defer cancel()
	body, err := json.Marshal(part)
	if err != nil {
		return 0, "internal"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url(peer), bytes.NewReader(body))
	if err != nil {
		return 0, "address"
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+peer.Password)
	request.Header.Set("Foyer-User", peer.User)
	response, err := p.Client.Do(request)
	if err != nil {
		return 0, "no_answer"
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, "no_answer"
	}
	return verdict(response.StatusCode, text)
}

func (p *Peers) url(peer store.Peer) string {
	u := url.URL{
		Scheme: "https", Host: net.JoinHostPort(peer.Address, strconv.Itoa(peer.Port)),
		Path: fmt.Sprintf("/api/v1/sites/%s/zones/%s/sync", peer.RemoteSite, peer.ZoneID),
	}
	if p.Plain {
		u.Scheme = "http"
	}
	return u.String()
}

// verdict reads a peer's answer. Of a problem the status is enough: its text is not ours.
func verdict(status int, text []byte) (refused int, reason string) {
	var answer struct {
		Refused []roll.ID `json:"refused"`
	}
	switch {
	case status == http.StatusOK && json.Unmarshal(text, &answer) == nil:
		return len(answer.Refused), ""
	case status == http.StatusUnauthorized:
		return 0, "unauthenticated"
	case status == http.StatusForbidden:
		return 0, "forbidden"
	case status == http.StatusNotFound:
		return 0, "not_found"
	}
	return 0, "status_" + strconv.Itoa(status)
}
