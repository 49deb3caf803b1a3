package roll_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/foyerhq/foyer/internal/roll"
)

// The original's files, to the byte, from our state and back.
func TestMaskIsTheOriginals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Uint32Range(1, 100).Draw(t, "count")
		r := roll.Roll{ID: "r", First: 1, Count: count, For: time.Hour}
		u, used := &roll.Usage{}, map[uint32]bool{}
		mask := make([]byte, count/8+1)
		for _, ticket := range rapid.SliceOf(rapid.Uint32Range(1, count)).Draw(t, "used") {
			id := roll.Ticket{Roll: "r", Number: ticket}
			u.Merge(roll.Entry{Ticket: id, Record: roll.Record{At: noon, Holder: id, For: time.Hour}})
			mask = withBit(mask, ticket)
			used[ticket] = true
		}
		require.Equal(t, mask, []byte(u.Mask(r)))
		require.Equal(t, len(used), u.Mask(r).Count())

		read, err := roll.ParseMask(u.Mask(r).Text(), count)
		require.NoError(t, err)
		for ticket := range count + 20 {
			require.Equal(t, used[ticket], read.Has(ticket))
		}
		require.Equal(t, read, usage(read.Entries("r")...).Mask(r))
	})
}

func TestMasksMerge(t *testing.T) {
	t.Parallel()
	a, b := roll.NewMask(20), roll.NewMask(20)
	a.Set(1)
	a.Set(20)
	b.Set(1)
	b.Set(8)
	a.Merge(b)
	require.Equal(t, 3, a.Count())
	require.True(t, a.Has(1) && a.Has(8) && a.Has(20))
}

func TestMasksRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"!", "not base64"},
		{"AAA=", "2 bytes, one of 20 tickets has 3"},
		{"AAAAAA==", "4 bytes, one of 20 tickets has 3"},
		{"AAAg", "marks ticket 21 of a roll of 20"},
	} {
		_, err := roll.ParseMask(c.text, 20)
		require.ErrorContains(t, err, c.want)
		requireField(t, err, "used")
	}
}

func TestMasksForgetTicketZero(t *testing.T) {
	t.Parallel()
	mask, err := roll.ParseMask("AwAA", 20)
	require.NoError(t, err)
	require.Equal(t, "AgAA\n", mask.Text())
}

func TestAdmit(t *testing.T) {
	t.Parallel()
	live := []string{"oldest", "older", "old"}
	for _, c := range []struct {
		logins   roll.Logins
		live     []string
		newcomer string
		devices  int
		cut      []string
		ok       bool
	}{
		{roll.LastLogin, nil, "new", 0, nil, true},
		{roll.LastLogin, live[:1], "new", 0, live[:1], true},
		{roll.LastLogin, live, "old", 0, nil, true},
		{roll.LastLogin, live, "new", 2, live[:2], true},
		{roll.LastLogin, live, "new", 4, nil, true},
		{roll.FirstLogin, nil, "new", 0, nil, true},
		{roll.FirstLogin, live[:1], "new", 0, nil, false},
		{roll.FirstLogin, live[:1], "oldest", 0, nil, true},
		{roll.FirstLogin, live[:1], "new", 2, nil, true},
		{roll.MultipleLogins, live, "new", 0, nil, true},
		{roll.MultipleLogins, live, "new", 3, nil, false},
		{roll.MultipleLogins, live, "new", 4, nil, true},
	} {
		cut, ok := c.logins.Admit(c.live, c.newcomer, c.devices)
		require.Equal(t, c.ok, ok, "%+v", c)
		require.Equal(t, c.cut, cut, "%+v", c)
	}
}
