package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/wire"
)

const (
	// presenceEvery is between two lists to an agent: a little less than Timing.Poll, so
	// that the turn after a second is not too early by a hair.
	presenceEvery   = 900 * time.Millisecond
	presenceConfirm = 10 * time.Second // without a change, the agent hears that its list is still right
	// presencePace is how many people's names go to an agent in a second at most, so
	// that ten thousand of them are not sent for each who comes or goes.
	presencePace = 1000
	// presencePart is about how much JSON of people one part holds.
	presencePart = wire.MaxFrame / 2
)

// shown is what a link's agent has of the list of who is in the building.
type shown struct {
	version string
	mark    int64     // that the store had when the list was read, 0 for no list
	read    bool      // on this link
	nextAt  time.Time // no list is read before
	saidAt  time.Time // of the last frame
}

// presence keeps the agent's list of who is in the building as it should be. It is
// read when something happened at the site, and sent when that made a difference.
func (p *peer) presence(ctx context.Context) error {
	if !slices.Contains(p.hello.Takes, wire.TypePresenceSnapshot) {
		return nil
	}
	now := time.Now()
	reading, cancel := context.WithTimeout(ctx, p.timing.Store)
	defer cancel()
	asOf := p.hub.now()
	mark, err := p.hub.ledger.PresenceMark(reading, p.agent.SiteID)
	if err != nil {
		return err
	}
	if p.shown.read && mark == p.shown.mark {
		return p.confirmPresence(ctx, asOf, now)
	}
	if now.Before(p.shown.nextAt) {
		return nil
	}
	list, err := p.hub.ledger.Presence(reading, p.agent.SiteID)
	if err != nil {
		return err
	}
	p.shown.nextAt = now.Add(presenceEvery * time.Duration(1+len(list.People)/presencePace))
	return p.sendPresence(ctx, list, asOf, now)
}

// confirmPresence says from time to time that nothing has changed.
func (p *peer) confirmPresence(ctx context.Context, asOf, now time.Time) error {
	if p.shown.version == "" || now.Sub(p.shown.saidAt) < presenceConfirm {
		return nil
	}
	p.shown.saidAt = now
	return p.send(ctx, &wire.PresenceSnapshot{Version: p.shown.version, Last: true, AsOf: asOf, Unchanged: true})
}

// sendPresence sends the list, unless the agent has it: it said so in its hello, or
// what happened made no difference.
func (p *peer) sendPresence(ctx context.Context, list store.Presence, asOf, now time.Time) error {
	version, err := presenceVersion(list)
	if err != nil {
		return err
	}
	had := p.shown.version
	if !p.shown.read {
		had = p.hello.Presence
	}
	p.shown.read, p.shown.mark, p.shown.version = true, list.Mark, version
	if version == had {
		return p.confirmPresence(ctx, asOf, now)
	}
	p.shown.saidAt = now
	parts, err := presenceParts(list, version, asOf)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err := p.send(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// presenceVersion names a list with its settings, the same one at every replica;
// empty where nothing is shown.
func presenceVersion(list store.Presence) (string, error) {
	if list.Settings == nil {
		return "", nil
	}
	text, err := json.Marshal([]any{list.Settings, list.People})
	if err != nil {
		return "", fmt.Errorf("list of who is in the building: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// presenceParts says it in as many frames as it takes.
func presenceParts(list store.Presence, version string, asOf time.Time) ([]*wire.PresenceSnapshot, error) {
	part := &wire.PresenceSnapshot{Version: version, AsOf: asOf, Settings: list.Settings}
	parts := []*wire.PresenceSnapshot{part}
	size := 0
	for _, person := range list.People {
		text, err := json.Marshal(person)
		if err != nil {
			return nil, fmt.Errorf("list of who is in the building: %w", err)
		}
		if size += len(text) + 1; size > presencePart {
			part = &wire.PresenceSnapshot{Version: version, Part: part.Part + 1, AsOf: asOf}
			parts, size = append(parts, part), len(text)+1
		}
		part.People = append(part.People, person)
	}
	part.Last = true
	return parts, nil
}
