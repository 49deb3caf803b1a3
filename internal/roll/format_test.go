package roll_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

func requireField(t *testing.T, err error, field string) {
	t.Helper()
	refusal, ok := errors.AsType[*visit.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, visit.KindInvalid, refusal.Kind)
	require.Equal(t, field, refusal.Field)
	require.Regexp(t, `\. [A-Z].*\.$`, refusal.Message, "what is wrong, then what to do")
}

func TestDefaultFormat(t *testing.T) {
	t.Parallel()
	f, err := roll.NewFormat(strings.NewReader("\xff\x00\x00\x01"))
	require.NoError(t, err)
	require.EqualValues(t, 0xff000001, f.EffectiveMagic(roll.LongKey))
	_, err = roll.NewFormat(strings.NewReader("\xff"))
	require.Error(t, err)
	require.NoError(t, f.Check(roll.ShortKey))
	require.NoError(t, f.Check(roll.LongKey))
	require.EqualValues(t, 65535, f.MaxRoll())
	require.EqualValues(t, 1023, f.MaxTicket())
	require.Zero(t, f.MagicBits(roll.ShortKey))
	require.Equal(t, 32, f.MagicBits(roll.LongKey))
	require.Equal(t, 6, f.CodeLength(roll.ShortKey))
	require.Equal(t, 12, f.CodeLength(roll.LongKey))
}

func TestFormatsRefused(t *testing.T) {
	t.Parallel()
	good := roll.Format{RollBits: 16, TicketBits: 10, ChecksumBits: 5, Alphabet: roll.DefaultAlphabet}
	for name, c := range map[string]struct {
		change func(*roll.Format)
		field  string
	}{
		"no roll bits":       {func(f *roll.Format) { f.RollBits = 0 }, "roll_bits"},
		"32 roll bits":       {func(f *roll.Format) { f.RollBits = 32 }, "roll_bits"},
		"no ticket bits":     {func(f *roll.Format) { f.TicketBits = 0 }, "ticket_bits"},
		"17 ticket bits":     {func(f *roll.Format) { f.TicketBits = 17 }, "ticket_bits"},
		"32 checksum bits":   {func(f *roll.Format) { f.ChecksumBits = 32 }, "checksum_bits"},
		"negative":           {func(f *roll.Format) { f.ChecksumBits = -1 }, "checksum_bits"},
		"sum of the key":     {func(f *roll.Format) { f.ChecksumBits = 6 }, "checksum_bits"},
		"one character":      {func(f *roll.Format) { f.Alphabet = "a" }, "alphabet"},
		"blank first":        {func(f *roll.Format) { f.Alphabet = " ab" }, "alphabet"},
		"quote first":        {func(f *roll.Format) { f.Alphabet = `"ab` }, "alphabet"},
		"comma":              {func(f *roll.Format) { f.Alphabet = "ab," }, "alphabet"},
		"tab":                {func(f *roll.Format) { f.Alphabet = "a\tb" }, "alphabet"},
		"umlaut":             {func(f *roll.Format) { f.Alphabet = "aäb" }, "alphabet"},
		"repeated character": {func(f *roll.Format) { f.Alphabet = "abca" }, "alphabet"},
	} {
		f := good
		c.change(&f)
		requireField(t, f.Check(roll.ShortKey), c.field)
		_, err := roll.NewVerifier(recorded(t).key(t, "d-k0-32b").public(t), f)
		require.Error(t, err, name)
		_, err = roll.NewPrinter(recorded(t).key(t, "d-k0-32b").private(t), f)
		require.Error(t, err, name)
	}
	require.NoError(t, good.Check(roll.ShortKey), "the control")
}

func TestRollsRefused(t *testing.T) {
	t.Parallel()
	f := roll.Format{RollBits: 16, TicketBits: 10, ChecksumBits: 5, Alphabet: roll.DefaultAlphabet}
	good := roll.Roll{Number: 65535, First: 1, Count: 1023, For: time.Minute}
	for _, c := range []struct {
		field  string
		change func(*roll.Roll)
	}{
		{"number", func(r *roll.Roll) { r.Number = 65536 }},
		{"count", func(r *roll.Roll) { r.Count = 0 }},
		{"count", func(r *roll.Roll) { r.Count = 1024 }},
		{"count", func(r *roll.Roll) { r.Count = math.MaxUint32 }},
		{"count", func(r *roll.Roll) { r.First = 2 }},
		{"first", func(r *roll.Roll) { r.First = 0 }},
		{"minutes", func(r *roll.Roll) { r.For = 0 }},
		{"minutes", func(r *roll.Roll) { r.For = time.Minute + time.Millisecond }},
		{"minutes", func(r *roll.Roll) { r.For = roll.MaxFor + time.Second }},
		{"first_use_by", func(r *roll.Roll) { r.NotBefore, r.FirstUseBy = noon, noon }},
	} {
		r := good
		c.change(&r)
		requireField(t, r.Check(f), c.field)
	}
	require.NoError(t, good.Check(f), "the control")
	require.ErrorContains(t, roll.Roll{First: 1, For: time.Minute}.Check(f), "no codes could never be used")
}

// A number is used up when all its tickets were printed.
func TestPlace(t *testing.T) {
	t.Parallel()
	s := roll.Series{Verifier: verifier(t, recorded(t), "d-default64")}
	all := roll.Roll{Number: 65535, Count: 1023, For: time.Minute}
	first, err := s.Place(all)
	require.NoError(t, err)
	require.Equal(t, [2]uint32{1, 1023}, [2]uint32{first.First, first.Last()})
	first.Retired = true
	s.Rolls = append(s.Rolls, first)
	_, err = s.Place(all)
	requireField(t, err, "number")
	require.ErrorContains(t, err, "All tickets of number 65535 were printed")
	all.Number = 0
	_, err = s.Place(all)
	require.NoError(t, err)
}

// The refusals of codes say what to do, and are all told apart.
func TestRefusalsOfCodes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, err := range []*visit.Error{
		roll.ErrCodeTooLong, roll.ErrCodeCharacter, roll.ErrCodeNumber, roll.ErrCodeMagic, roll.ErrCodeChecksum, roll.ErrCodeZero,
		roll.ErrCodeUnknown, roll.ErrCodeRetired, roll.ErrCodeUnsold, roll.ErrCodeTooEarly, roll.ErrCodeTooLate, roll.ErrCodeUsedUp,
		roll.ErrCodeExpired, roll.ErrLongCodeLength, roll.ErrLongCodeCharacter, roll.ErrLongCodeCheck,
	} {
		requireField(t, err, "code")
		require.False(t, seen[err.Code], err.Code)
		seen[err.Code] = true
	}
}

func TestVerifyIsBounded(t *testing.T) {
	t.Parallel()
	v := verifier(t, recorded(t), "d-default64")
	_, err := v.Verify(strings.Repeat("2", roll.MaxCode+1))
	require.ErrorIs(t, err, roll.ErrCodeTooLong)
	_, err = v.Verify(strings.Repeat("2", roll.MaxCode))
	require.ErrorIs(t, err, roll.ErrCodeMagic)
}
