package roll_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

const longAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func drawLong(t *rapid.T) roll.LongCode {
	code, err := roll.NewLongCode(drawnOctets{t})
	require.NoError(t, err)
	return code
}

// However a code is typed, it is the same code.
func TestLongCodesAreReadAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := drawLong(t)
		require.Len(t, string(code), 15)
		require.Empty(t, strings.Trim(string(code), longAlphabet))
		require.Equal(t, string(code), strings.ReplaceAll(code.Grouped(), "-", ""))
		require.Regexp(t, `^.{5}-.{5}-.{5}$`, code.Grouped())
		var typed strings.Builder
		for _, c := range code.Grouped() {
			spellings := []string{string(c), strings.ToLower(string(c))}
			switch c {
			case '0':
				spellings = append(spellings, "O", "o")
			case '1':
				spellings = append(spellings, "I", "i", "L", "l")
			case '-':
				spellings = []string{"", "-", " ", " - "}
			}
			typed.WriteString(rapid.SampledFrom(spellings).Draw(t, "as typed"))
		}
		read, err := roll.ParseLongCode(typed.String())
		require.NoError(t, err, typed.String())
		require.Equal(t, code, read)
	})
}

// The check symbol finds every single wrong symbol and every exchange, of
// neighbours or not, at every place of any code.
func TestLongCodesSlips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		code := string(drawLong(t))
		for i := range code {
			for _, c := range longAlphabet {
				if code[i] != byte(c) {
					requireSlip(t, code[:i]+string(c)+code[i+1:])
				}
			}
			for j := i + 1; j < len(code); j++ {
				if code[i] != code[j] {
					requireSlip(t, code[:i]+code[j:j+1]+code[i+1:j]+code[i:i+1]+code[j+1:])
				}
			}
		}
	})
}

func requireSlip(t require.TestingT, text string) {
	_, err := roll.ParseLongCode(text)
	require.ErrorIs(t, err, roll.ErrLongCodeCheck, text)
}

func TestLongCodesThatAreNone(t *testing.T) {
	t.Parallel()
	code, err := roll.NewLongCode(rand.Reader)
	require.NoError(t, err)
	for text, want := range map[string]error{
		"":                                  roll.ErrLongCodeLength,
		string(code[1:]):                    roll.ErrLongCodeLength,
		string(code + "0"):                  roll.ErrLongCodeLength,
		strings.Repeat("-", 200):            roll.ErrLongCodeLength,
		"U" + string(code[1:]):              roll.ErrLongCodeCharacter,
		string(code[:14]) + "\xff":          roll.ErrLongCodeCharacter,
		string(code[:7]) + "é" + "23456789": roll.ErrLongCodeCharacter,
	} {
		_, err := roll.ParseLongCode(text)
		require.ErrorIs(t, err, want, "%q", text)
	}
}

// All seventy drawn bits are in the code.
func TestLongCodesKeepEveryBit(t *testing.T) {
	t.Parallel()
	seen := map[roll.LongCode]bool{}
	for i := range 14 {
		for bit := range 5 {
			drawn := make([]byte, 14)
			drawn[i] = 1 << bit
			code, err := roll.NewLongCode(bytes.NewReader(drawn))
			require.NoError(t, err)
			seen[code] = true
		}
	}
	require.Len(t, seen, 70)
	_, err := roll.NewLongCode(iotest.ErrReader(fmt.Errorf("no randomness")))
	require.ErrorContains(t, err, "no randomness")
}

func TestLongCodesStayOutOfTexts(t *testing.T) {
	t.Parallel()
	code, err := roll.NewLongCode(rand.Reader)
	require.NoError(t, err)
	require.NotContains(t, fmt.Sprintf("%v %s %q %#v", code, code, code, code), string(code))
}

// FuzzParseLongCode: what is accepted is accepted in its printed form too.
func FuzzParseLongCode(f *testing.F) {
	code, err := roll.NewLongCode(strings.NewReader("fourteen drawn"))
	require.NoError(f, err)
	f.Add(code.Grouped())
	f.Add("O0Il1-ſ\x00")
	f.Fuzz(func(t *testing.T, text string) {
		code, err := roll.ParseLongCode(text)
		if err != nil {
			return
		}
		again, err := roll.ParseLongCode(code.Grouped())
		require.NoError(t, err)
		require.Equal(t, code, again)
	})
}
