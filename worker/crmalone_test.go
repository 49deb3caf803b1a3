package worker

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestOneVisitOfAnAddressAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewCRM(nil, nil, NewCRMGate(time.Now))
		first, err := c.alone(t.Context(), "account ada")
		require.NoError(t, err)
		other, err := c.alone(t.Context(), "account grace")
		require.NoError(t, err, "others do not wait")
		other()

		entered := make(chan func(), 1)
		go func() {
			done, err := c.alone(context.WithoutCancel(t.Context()), "account ada")
			if err == nil {
				entered <- done
			}
		}()
		synctest.Wait()
		require.Empty(t, entered)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.alone(short, "account ada")
		require.Equal(t, visit.KindLimited, visit.KindOf(err), "who waited too long comes again")
		first()
		(<-entered)()
		require.Empty(t, c.busy)
	})
}
