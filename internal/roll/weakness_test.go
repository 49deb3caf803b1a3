package roll_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// Each test here shows a weakness of pfSense's rules in the compatibility model,
// which is true to the recordings, and then that ours do not have it.

// both are the same zone by pfSense's rules and by ours, at the same time.
func both(t *testing.T, config string, rolls ...pfSenseRoll) (*pfSense, *desk) {
	t.Helper()
	theirs, ours := newPfSense(t, recorded(t), config, rolls), newDeskOf(t, config)
	theirs.now = noon.Unix()
	ours.zone[0].Rolls = nil
	for _, r := range rolls {
		ours.zone[0].Rolls = append(ours.zone[0].Rolls, roll.Roll{
			ID: roll.ID("roll"), Number: r.Number, First: 1, Count: r.Count, For: time.Duration(r.Minutes) * time.Minute,
		})
	}
	return theirs, ours
}

var twenty = pfSenseRoll{Number: 1, Count: 20, Minutes: 60}

func auth(p *pfSense, text string) int64 {
	total, _ := p.auth(text, false)
	return total
}

// A run of the alphabet's first character is the number 0, which decodes to ticket
// 0 of roll 0: an hour for nothing.
func TestWeaknessTicketZero(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default32", pfSenseRoll{Number: 0, Count: 10, Minutes: 60})
	require.EqualValues(t, 60, auth(theirs, "22222"))
	require.Equal(t, []rollStatus{{Number: 0, Used: -1, Active: 1, Ready: 10}}, theirs.status())
	for _, text := range []string{"22222", "2", "222222222222"} {
		require.Equal(t, []error{roll.ErrCodeZero}, ours.refused(roll.Invalid, text))
	}
	// Under keys with a magic number, ticket 0 takes the private key; it is refused too.
	_, ours = both(t, "d-default64", pfSenseRoll{Number: 0, Count: 10, Minutes: 60})
	require.Equal(t, []error{roll.ErrCodeZero}, ours.refused(roll.Invalid, ours.printer.Code(0, 0)))
}

// A code has many spellings. Used by one, it is used up by the others.
func TestWeaknessAliases(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code := ours.code("roll", 1)
	require.EqualValues(t, 60, auth(theirs, code+"2"))
	require.EqualValues(t, -1, auth(theirs, code))
	require.Equal(t, time.Hour, ours.granted(code+"2"))
	require.Equal(t, time.Hour, ours.granted(code))
	require.Equal(t, code, ours.test(code + "22").Findings[0].Spelling)
	require.Equal(t, roll.Utilisation{Ready: 19, Active: 1}, ours.usage.Utilisation(*ours.roll("roll"), ours.now))
}

// A code in use that is typed three times brings what is left of it three times.
func TestWeaknessDoubleCredit(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code := ours.code("roll", 1)
	auth(theirs, code)
	ours.granted(code)
	theirs.now += 600
	ours.wait(10 * time.Minute)
	require.EqualValues(t, 150, auth(theirs, code+" "+code+" "+code))
	require.Equal(t, 50*time.Minute, ours.granted(code, code, code))

	// Nor does it help to spell it differently, or to put a fresh one in front.
	fresh := ours.code("roll", 2)
	require.EqualValues(t, 110, auth(theirs, fresh+" "+code), "the first keeps its 50 minutes besides")
	require.EqualValues(t, 50, auth(theirs, code))
	require.Equal(t, 110*time.Minute, ours.granted(fresh, code, code+"2"))
	require.Equal(t, 110*time.Minute, ours.granted(code))
	require.Equal(t, 110*time.Minute, ours.granted(fresh))
}

// A fresh code that is typed twice by mistake is refused as expired.
func TestWeaknessRepeatedFreshCode(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code := ours.code("roll", 1)
	require.EqualValues(t, -1, auth(theirs, code+" "+code))
	require.Equal(t, time.Hour, ours.granted(code, code))
}

// A fresh code that is added to one in use is forgotten at the next login.
func TestWeaknessLostTopUp(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code, more := ours.code("roll", 1), ours.code("roll", 2)
	auth(theirs, code)
	ours.granted(code)
	require.EqualValues(t, 120, auth(theirs, code+" "+more))
	require.EqualValues(t, 60, auth(theirs, code))
	require.Equal(t, 2*time.Hour, ours.granted(code, more))
	require.Equal(t, 2*time.Hour, ours.granted(code))
}

// In its last minute a code is called invalid.
func TestWeaknessLastMinute(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code := ours.code("roll", 1)
	auth(theirs, code)
	ours.granted(code)
	theirs.now += 3570
	ours.wait(3570 * time.Second)
	require.EqualValues(t, 0, auth(theirs, code))
	require.Equal(t, 30*time.Second, ours.granted(code))
}

// A mask that is missing or too short is padded with blanks, which are bits.
func TestWeaknessLostMask(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	delete(theirs.files, usedFile(1))
	require.EqualValues(t, 60, auth(theirs, ours.code("roll", 17)))
	require.EqualValues(t, -1, auth(theirs, ours.code("roll", 5)), "never used, and gone")
	require.Equal(t, time.Hour, ours.granted(ours.code("roll", 17)))
	require.Equal(t, time.Hour, ours.granted(ours.code("roll", 5)))

	// The other way round, a mask that is not this roll's is not taken for it.
	for _, text := range []string{"", "AA==", theirs.files[usedFile(1)] + "x"} {
		_, err := roll.ParseMask(text, 20)
		require.ErrorContains(t, err, "mask", text)
	}
	mask, err := roll.ParseMask("AgAC\n", 20)
	require.NoError(t, err)
	ours.usage.Merge(mask.Entries("roll")...)
	require.Equal(t, []error{roll.ErrCodeExpired}, ours.refused(roll.Expired, ours.code("roll", 1)))
}

// A genuine code that happens to be short is refused.
func TestWeaknessShortCodes(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default32", pfSenseRoll{Number: 1, Count: 1023, Minutes: 60})
	code := ours.code("roll", 64)
	require.Equal(t, "kCSd", code)
	require.Zero(t, auth(theirs, code))
	require.Equal(t, time.Hour, ours.granted(code))
}

// A code of a roll that does not exist leaves something behind, and carries off
// another code's time.
func TestWeaknessUnknownRoll(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	foreign, code := ours.printer.Code(4, 1), ours.code("roll", 1)
	_, lines := theirs.auth(foreign, true)
	require.Equal(t, "Access granted for 0 Minutes in total.", lines[1])
	require.EqualValues(t, 60, auth(theirs, foreign+" "+code))
	require.EqualValues(t, -1, auth(theirs, code), "paid for, and gone")
	require.Contains(t, theirs.files, activeFile(4))

	require.Equal(t, []error{roll.ErrCodeUnknown}, ours.refused(roll.Invalid, foreign, code))
	require.Equal(t, time.Hour, ours.granted(code))
}

// Whether a refusal is called expired depends on the order of the codes.
func TestWeaknessOrderOfRefusals(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	used, fresh := ours.code("roll", 1), ours.code("roll", 2)
	auth(theirs, used)
	ours.granted(used)
	theirs.now += 3600
	ours.wait(time.Hour)
	require.EqualValues(t, 0, auth(theirs, used+" "+fresh))
	require.EqualValues(t, -1, auth(theirs, fresh+" "+used))
	ours.refused(roll.Expired, used, fresh)
	ours.refused(roll.Expired, fresh, used)
}

// Changing a roll's count makes all its codes unused; a number that is made again
// revives what was printed under it.
func TestWeaknessRevival(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	code := ours.code("roll", 3)
	auth(theirs, code)
	ours.granted(code)
	thirty := int64(30)
	recount := step{Number: 1}
	recount.Set.Count = &thirty
	theirs.edit(recount)
	require.EqualValues(t, 60, auth(theirs, code), "used, and fresh again")
	theirs.take(step{At: theirs.now, Op: "delete_roll", Number: 1})
	theirs.take(step{At: theirs.now, Op: "add_roll", Roll: twenty})
	require.EqualValues(t, 60, auth(theirs, code), "deleted, and fresh again")

	ours.roll("roll").Retired = true
	_, err := ours.zone[0].Place(roll.Roll{Number: 1, Count: 1004, For: time.Hour})
	require.ErrorContains(t, err, "Choose 1 to 1003, or another number")
	next, err := ours.zone[0].Place(roll.Roll{ID: "next", Number: 1, Count: 30, For: time.Hour})
	require.NoError(t, err)
	ours.zone[0].Rolls = append(ours.zone[0].Rolls, next)
	for ticket := uint32(1); ticket <= 20; ticket++ {
		require.Equal(t, []error{roll.ErrCodeRetired}, ours.refused(roll.Invalid, ours.code("roll", ticket)))
	}
	require.Equal(t, time.Hour, ours.granted(ours.code("next", 21)))
}

// The pages refuse the highest number, which the program prints.
func TestWeaknessHighestRoll(t *testing.T) {
	t.Parallel()
	f := newDesk(t).format
	r := roll.Roll{Number: 65535, First: 1, Count: 1023, For: time.Minute}
	require.NoError(t, r.Check(f))
}

// Names are compared without regard to case, and numbers in them as numbers.
func TestWeaknessLooseComparison(t *testing.T) {
	t.Parallel()
	_, ours := both(t, "d-digits64", pfSenseRoll{Number: 1, Count: 3, Minutes: 60})
	code := ours.code("roll", 1)
	require.NotEmpty(t, ours.test("0"+code).Refused)
	require.NotEmpty(t, ours.test(code+".0").Refused)
	require.Equal(t, code, ours.test(code + "0").Findings[0].Spelling)
}

// Two nodes that push whole masks to each other lose what the other one did.
func TestWeaknessLostBits(t *testing.T) {
	t.Parallel()
	theirs, ours := both(t, "d-default64", twenty)
	one, other := ours.code("roll", 1), ours.code("roll", 2)
	peer := newPfSense(t, recorded(t), "d-default64", []pfSenseRoll{twenty})
	peer.now = theirs.now
	auth(theirs, one)
	auth(peer, other)
	peer.files = map[string]string{usedFile(1): theirs.files[usedFile(1)], activeFile(1): theirs.files[activeFile(1)]}
	require.EqualValues(t, 60, auth(peer, other), "used, pushed over, and fresh again")

	here, there := ours.test(one), ours.test(other)
	ours.usage.Merge(here.Entries...)
	ours.usage.Merge(there.Entries...)
	require.Equal(t, roll.Utilisation{Ready: 18, Active: 2}, ours.usage.Utilisation(*ours.roll("roll"), ours.now))
}
