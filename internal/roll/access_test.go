package roll_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// The id is a contract between agents and servers of different versions.
func TestAccessIDsAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	ticket := roll.Ticket{Roll: "0197a3f0-0000-7000-8000-000000000007", Number: 7}
	require.Equal(t, roll.AccessID("70c1b533-f00d-8a6e-86a8-d3a3deedd24c"), ticket.AccessID())
	parsed, err := uuid.Parse(string(ticket.AccessID()))
	require.NoError(t, err)
	require.Equal(t, uuid.Version(8), parsed.Version())
	require.Equal(t, uuid.RFC4122, parsed.Variant())
	require.NotEqual(t, ticket.AccessID(), roll.Ticket{Roll: ticket.Roll, Number: 8}.AccessID())
	require.NotEqual(t, ticket.AccessID(), roll.Ticket{Roll: "0197a3f0-0000-7000-8000-000000000008", Number: 7}.AccessID())
}
