package roll_test

import (
	"errors"
	"io"
	"math/big"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

// What scanf makes of a configuration, beyond what was recorded.
func TestOriginalFormat(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]roll.Format{
		"\n16,\t10,\n5,+7,\n\nab": {RollBits: 16, TicketBits: 10, ChecksumBits: 5, Magic: 7, Alphabet: "ab"},
		"0,0,0,0,ab,c d":          {Alphabet: "ab,c"},
		"-0,1,1,-2,ab\xff":        {TicketBits: 1, ChecksumBits: 1, Magic: ^uint64(1), Alphabet: "ab\xff"},
		"4294967312,1,1,1,ab":     {RollBits: 16, TicketBits: 1, ChecksumBits: 1, Magic: 1, Alphabet: "ab"},
	} {
		format, err := roll.ReadOriginalFormat(text, "f")
		require.NoError(t, err, text)
		require.Equal(t, want, format, text)
	}
	for text, want := range map[string]string{
		"16 ,10,5,1,ab": "CFG bad content in cfg file f",
		"16,10,5,1":     "CFG bad content in cfg file f",
		"-1,10,5,1,ab":  "CFGbits must be between 1..31",
		"16,-,5,1,ab":   "CFG bad content in cfg file f",
	} {
		_, err := roll.ReadOriginalFormat(text, "f")
		refusal, ok := errors.AsType[*roll.OriginalError](err)
		require.True(t, ok)
		require.Equal(t, roll.OriginalError{Text: want, Exit: 1}, *refusal)
	}
}

func TestOriginalFormatIsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		format := drawZone(t).format
		read, err := roll.ReadOriginalFormat(format.OriginalFormat(), "f")
		require.NoError(t, err)
		require.Equal(t, format, read)
	})
}

// Keys of sizes that the builds of the original disagree about are refused by all
// questions but the one for their size.
func TestOriginalOddSizes(t *testing.T) {
	t.Parallel()
	for size, exit := range map[int]int{33: 4, 63: 4, 65: 4, 30: 1} {
		n := new(big.Int).Lsh(big.NewInt(1), uint(size-1))
		key, err := roll.ReadOriginalKey([]byte(publicOf(n.Add(n, big.NewInt(1)), big.NewInt(3))), false)
		require.NoError(t, err)
		require.Contains(t, key.Size(), "BITS")
		_, err = roll.NewOriginal(key, roll.Format{RollBits: 16, TicketBits: 8, ChecksumBits: 1, Alphabet: "ab"})
		refusal, ok := errors.AsType[*roll.OriginalError](err)
		require.True(t, ok)
		require.Equal(t, exit, refusal.Exit, size)
	}
	for _, n := range []int64{1, 1<<31 + 2} {
		_, err := roll.ReadOriginalKey([]byte(publicOf(big.NewInt(n), big.NewInt(3))), false)
		require.ErrorContains(t, err, "CRYPT key error")
	}
}

func TestPrintSaysWhenItCannot(t *testing.T) {
	t.Parallel()
	p := printer(t, recorded(t), "d-big-roll64")
	for _, last := range []uint32{1, 65535} {
		require.ErrorIs(t, p.Print(failing{}, roll.CSV, 2, 1, last), iotest.ErrTimeout)
	}
	require.Equal(t, "vouchers_lobby_roll7.csv", roll.FileName("lobby", 7))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }

// A roll takes no more memory for more codes.
func TestPrintTakesConstantMemory(t *testing.T) { // not parallel: it counts allocations
	p := printer(t, recorded(t), "d-big-roll64")
	cost := func(last uint32) float64 {
		return testing.AllocsPerRun(3, func() { require.NoError(t, p.Print(io.Discard, roll.Text, 2, 1, last)) })
	}
	require.InDelta(t, cost(10), cost(65535), 50)
}

// FuzzOriginal: any configuration and any code get an answer.
func FuzzOriginal(f *testing.F) {
	v := recorded(f)
	for i, config := range v.Configs {
		f.Add(config.File, "22222", uint8(i))
	}
	f.Fuzz(func(t *testing.T, config, code string, which uint8) {
		recorded := v.Keys[int(which)%len(v.Keys)]
		format, err := roll.ReadOriginalFormat(config, "f")
		if err != nil {
			return
		}
		for _, private := range []bool{false, true} {
			text := recorded.Public
			if private {
				text = recorded.Private
			}
			key, err := roll.ReadOriginalKey([]byte(text), private)
			require.NoError(t, err)
			if program, err := roll.NewOriginal(key, format); err == nil {
				_, _ = program.Verify(code)
				_ = program.Print(io.Discard, code, "7")
			}
		}
	})
}
