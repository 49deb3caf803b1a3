package hub

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/wire"
)

// TestLongListsGoInParts: ten thousand people, and names whose every character takes
// six octets, fit into frames.
func TestLongListsGoInParts(t *testing.T) {
	t.Parallel()
	for name, count := range map[string]int{"Lovelace, Ada Augusta": 10_000, strings.Repeat("\x01", 400): 500, "one": 1, "": 0} {
		list := store.Presence{Mark: 1, Settings: &wire.PresenceSettings{Site: strings.Repeat("\x01", 200)}}
		for range count {
			list.People = append(list.People, wire.PresentPerson{Name: name})
		}
		parts, err := presenceParts(list, "v", time.Unix(1, 0))
		require.NoError(t, err)
		people := 0
		for i, part := range parts {
			_, err := wire.Encode(part)
			require.NoError(t, err)
			require.Equal(t, i, part.Part)
			require.Equal(t, i == len(parts)-1, part.Last)
			require.Equal(t, i == 0, part.Settings != nil)
			people += len(part.People)
		}
		require.Equal(t, count, people)
	}
}

func TestVersionStandsForSettingsAndPeople(t *testing.T) {
	t.Parallel()
	list := store.Presence{Mark: 1, Settings: &wire.PresenceSettings{PINHash: "a"}, People: []wire.PresentPerson{{Name: "Ada"}}}
	version := func(change func(*store.Presence)) string {
		other := list
		other.Settings = new(*list.Settings)
		change(&other)
		v, err := presenceVersion(other)
		require.NoError(t, err)
		return v
	}
	same := version(func(*store.Presence) {})
	require.Equal(t, same, version(func(p *store.Presence) { p.Mark = 2 }))
	require.NotEqual(t, same, version(func(p *store.Presence) { p.Settings.PINHash = "b" }))
	require.NotEqual(t, same, version(func(p *store.Presence) { p.People = []wire.PresentPerson{{Name: "Ada", Overdue: true}} }))
	require.Empty(t, version(func(p *store.Presence) { p.Settings = nil }))
}
