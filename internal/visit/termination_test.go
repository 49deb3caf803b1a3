package visit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsDone(t *testing.T) {
	t.Parallel()
	for state, done := range map[TerminationState]bool{
		TerminationRequested: false, TerminationAccepted: false, TerminationUnconfirmed: false, TerminationFailed: false,
		TerminationConfirmed: true, TerminationAbsent: true, TerminationTimeout: true,
	} {
		require.Equal(t, done, SessionTermination{State: state}.Done(), state)
	}
	require.True(t, SessionTermination{State: TerminationAccepted, NoAccounting: true}.Done(), "there is no better proof to be had")
	require.True(t, TerminationResult{}.Done(), "nothing to end is done")
}

func TestWorstReasonDecidesTheRetry(t *testing.T) {
	t.Parallel()
	r := TerminationResult{Sessions: []SessionTermination{
		{State: TerminationConfirmed, Reason: ReasonProhibited},
		{State: TerminationUnconfirmed, Reason: ReasonBusy},
		{State: TerminationFailed, Reason: ReasonProhibited},
	}}
	require.False(t, r.Done())
	require.Equal(t, ReasonBusy, r.Worst(), "of the first that is not done")
	require.Equal(t, ReasonNoStop, TerminationResult{Sessions: []SessionTermination{{State: TerminationAccepted}}}.Worst())
	require.Equal(t, ReasonNone, TerminationResult{}.Worst())
	require.Less(t, ReasonBusy.RetryAfter(), ReasonProhibited.RetryAfter(), "what only a person can mend is asked for less often")
}
