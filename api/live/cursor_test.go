package live_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/api/live"
)

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := map[string]int64{}
		for range rapid.IntRange(0, 20).Draw(t, "chains") {
			raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")
			at[uuid.UUID(raw).String()] = rapid.Int64Min(0).Draw(t, "seq")
		}
		got, ok := live.ParseCursor(live.Cursor(at))
		require.True(t, ok)
		require.Equal(t, at, got)
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(live.Cursor(map[string]int64{siteA: 3}))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := live.ParseCursor(text); ok {
			again, ok := live.ParseCursor(live.Cursor(at))
			require.True(t, ok)
			require.Equal(t, at, again)
		}
	})
}
