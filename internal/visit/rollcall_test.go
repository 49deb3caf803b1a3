package visit_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/visit"
)

var muster = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func said(by string, mark visit.Mark, minute int) visit.RollMark {
	return visit.RollMark{ID: visit.MarkID(by + string(mark)), Mark: mark, By: by, At: muster.Add(time.Duration(minute) * time.Minute)}
}

func TestConclude(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		marks []visit.RollMark
		want  visit.Mark
	}{
		"nobody":                       {nil, visit.MarkNone},
		"one":                          {[]visit.RollMark{said("a", visit.MarkSafe, 1)}, visit.MarkSafe},
		"two agree":                    {[]visit.RollMark{said("a", visit.MarkSafe, 1), said("b", visit.MarkSafe, 2)}, visit.MarkSafe},
		"two differ":                   {[]visit.RollMark{said("a", visit.MarkMissing, 1), said("b", visit.MarkSafe, 2)}, visit.MarkUnclear},
		"majority does not help":       {[]visit.RollMark{said("a", visit.MarkSafe, 1), said("b", visit.MarkSafe, 2), said("c", visit.MarkMissing, 0)}, visit.MarkUnclear},
		"corrected by the same person": {[]visit.RollMark{said("a", visit.MarkMissing, 1), said("a", visit.MarkSafe, 2)}, visit.MarkSafe},
		"an older one comes in late":   {[]visit.RollMark{said("a", visit.MarkSafe, 2), said("a", visit.MarkMissing, 1)}, visit.MarkSafe},
		"taken back, then agreed":      {[]visit.RollMark{said("a", visit.MarkMissing, 1), said("b", visit.MarkSafe, 2), said("a", visit.MarkSafe, 3)}, visit.MarkSafe},
		"two things at one instant":    {[]visit.RollMark{said("a", visit.MarkMissing, 1), said("a", visit.MarkSafe, 1)}, visit.MarkUnclear},
		"and then one":                 {[]visit.RollMark{said("a", visit.MarkMissing, 1), said("a", visit.MarkSafe, 1), said("a", visit.MarkNotHere, 2)}, visit.MarkNotHere},
	} {
		require.Equal(t, c.want, visit.Conclude(c.marks), name)
	}
}

func rollMarks(t *rapid.T, label string) []visit.RollMark {
	mark := rapid.Custom(func(t *rapid.T) visit.RollMark {
		return visit.RollMark{
			ID:   visit.MarkID(rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6"}).Draw(t, "id")), // also used twice, by mistake
			Mark: rapid.SampledFrom([]visit.Mark{visit.MarkSafe, visit.MarkMissing, visit.MarkNotHere}).Draw(t, "mark"),
			By:   rapid.SampledFrom([]string{"user:a", "user:b", "user:c"}).Draw(t, "by"),
			At:   muster.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "minute")) * time.Minute),
		}
	})
	return rapid.SliceOfN(mark, 0, 8).Draw(t, label)
}

func TestMergingMarksDoesNotDependOnOrderOrRepetition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rollMarks(t, "a"), rollMarks(t, "b"), rollMarks(t, "c")
		merge := visit.MergeMarks
		require.Equal(t, merge(a, b), merge(b, a), "commutative")
		require.Equal(t, merge(merge(a, b), c), merge(a, merge(b, c)), "associative")
		require.Equal(t, merge(a, b), merge(merge(a, b), b), "idempotent")
	})
}

func TestConclusionsDoNotDependOnOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		marks := rollMarks(t, "marks")
		conclusion := visit.Conclude(marks)
		require.Equal(t, conclusion, visit.Conclude(rapid.Permutation(marks).Draw(t, "shuffled")))
		require.Equal(t, conclusion, visit.Conclude(slices.Concat(marks, marks)), "said twice is said once")
		if conclusion != visit.MarkSafe {
			return
		}
		// Whoever is safe is so by everybody's last word.
		for _, m := range marks {
			later := slices.ContainsFunc(marks, func(o visit.RollMark) bool { return o.By == m.By && o.At.After(m.At) })
			require.True(t, later || m.Mark == visit.MarkSafe)
		}
	})
}

func TestMarksMadeBeforeTheEndAreTakenForADay(t *testing.T) {
	t.Parallel()
	end := muster.Add(time.Hour)
	over := visit.RollCall{EndedAt: &end}
	require.True(t, visit.RollCall{}.Takes(end.Add(time.Hour), end))
	require.True(t, over.Takes(end, end.Add(visit.MergeMarksWithin)))
	require.False(t, over.Takes(end.Add(time.Microsecond), end.Add(time.Hour)), "made after the end")
	require.False(t, over.Takes(end, end.Add(visit.MergeMarksWithin+1)), "too late")
}
