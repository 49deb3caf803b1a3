package wire_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

var update = flag.Bool("update", false, "write testdata anew from the examples")

// TestGoldenFrames holds the protocol still: each example encodes to the octets
// of its golden file, whitespace aside, and the file decodes to the example. An
// agent of an older release speaks these very frames.
func TestGoldenFrames(t *testing.T) {
	t.Parallel()
	for _, frame := range examples() {
		t.Run(string(frame.FrameType()), func(t *testing.T) {
			t.Parallel()
			encoded, err := wire.Encode(frame)
			require.NoError(t, err)
			if *update {
				writeGolden(t, frame.FrameType(), encoded)
			}
			golden := readGolden(t, frame.FrameType())
			require.Equal(t, compact(t, golden), string(encoded))

			decoded, err := wire.Decode(golden)
			require.NoError(t, err)
			require.Equal(t, frame, decoded)
		})
	}
}

// TestEveryTypeHasAGolden reads the types from the source, so that a new frame
// without an example fails.
func TestEveryTypeHasAGolden(t *testing.T) {
	t.Parallel()
	have := map[wire.Type]bool{}
	for _, frame := range examples() {
		have[frame.FrameType()] = true
	}
	types := declaredTypes(t)
	require.NotEmpty(t, types)
	for _, frameType := range types {
		require.True(t, have[frameType], "no example of %s", frameType)
	}
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(types), "one golden file a type")
}

var typeConstant = regexp.MustCompile(`(?m)^\s+Type\w+\s+Type = "([^"]+)"`)

func declaredTypes(t *testing.T) (types []wire.Type) {
	t.Helper()
	source, err := os.ReadFile("frame.go")
	require.NoError(t, err)
	for _, match := range typeConstant.FindAllSubmatch(source, -1) {
		types = append(types, wire.Type(match[1]))
	}
	return types
}

func goldenPath(frameType wire.Type) string {
	return filepath.Join("testdata", string(frameType)+".json")
}

func readGolden(t *testing.T, frameType wire.Type) []byte {
	t.Helper()
	golden, err := os.ReadFile(goldenPath(frameType))
	require.NoError(t, err)
	return golden
}

func writeGolden(t *testing.T, frameType wire.Type, encoded []byte) {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, encoded, "", "  "))
	require.NoError(t, os.WriteFile(goldenPath(frameType), append(indented.Bytes(), '\n'), 0o644))
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, json.Compact(&out, text))
	return out.String()
}
