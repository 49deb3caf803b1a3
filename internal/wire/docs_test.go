package wire_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)\n```")

// TestProtocolPageShowsEveryFrame holds docs/protocol.md to the golden files: a
// heading and the example of each, and no example of anything else.
func TestProtocolPageShowsEveryFrame(t *testing.T) {
	t.Parallel()
	page := protocolPage(t)
	shown := map[string]bool{}
	for _, block := range jsonBlock.FindAllStringSubmatch(page, -1) {
		shown[compact(t, []byte(block[1]))] = true
	}
	types := declaredTypes(t)
	for _, frameType := range types {
		require.Contains(t, page, "\n### "+string(frameType)+"\n")
		require.True(t, shown[compact(t, readGolden(t, frameType))], "the example of %s", frameType)
	}
	require.Len(t, shown, len(types), "examples that are no golden file")
}

func TestProtocolPageNamesEveryCloseCode(t *testing.T) {
	t.Parallel()
	page := protocolPage(t)
	for _, code := range []int{
		wire.CloseRestart, wire.CloseOverloaded, wire.CloseWithdrawn, wire.CloseUnknown, wire.CloseReplaced, wire.CloseQuarantined,
	} {
		require.Contains(t, page, fmt.Sprintf("\n| %d |", code))
	}
}

func protocolPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	return string(page)
}
