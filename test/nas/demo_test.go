package nas

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDemoGuestsComeAndGo(t *testing.T) {
	bubble(t, nil, func(t *testing.T, r rig) {
		arrivals := 0
		demo := Demo{
			NAS: r.NAS, Every: time.Second, Present: 3, Rand: rand.New(rand.NewPCG(1, 2)),
			Next: func(context.Context) (Guest, bool, error) {
				arrivals++
				g := visitor()
				g.MAC = fmt.Sprintf("02-00-00-00-00-%02x", arrivals)
				if arrivals == 2 {
					g.Password = "mistyped"
				}
				if arrivals == 3 {
					return g, false, errors.New("the list is away")
				}
				return g, arrivals != 4, nil
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		require.NoError(t, demo.Run(ctx))
		synctest.Wait()
		came, went := 0, 0
		for _, e := range r.Events(0) {
			if e.Kind == EventOnline {
				came++
			}
			if e.Kind == EventOffline {
				went++
			}
			require.LessOrEqual(t, came-went, 3)
		}
		require.Greater(t, came, 10)
		require.Greater(t, went, 10)
	})
}

func TestDemoNeedsItsParts(t *testing.T) {
	t.Parallel()
	require.Error(t, Demo{}.Run(t.Context()))
}
