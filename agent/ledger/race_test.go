package ledger

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

// While sets are swapped and entries applied, a grant that is in all of them is
// always found, and one whose revoke was acknowledged never again (P1, P6).
func TestReadersDuringChanges(t *testing.T) {
	t.Parallel()
	b := filled(t, 500)
	var acked atomic.Int64 // grants from 100 to here are revoked and acknowledged
	acked.Store(99)
	stop, reads := make(chan struct{}), atomic.Int64{}
	var wg sync.WaitGroup
	failures := make(chan string, 16)
	for range 2 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				reads.Add(1)
				if why := b.reason(grant(n % 100)); why != "" {
					report(failures, fmt.Sprintf("grant %d: %s", n%100, why))
				}
				gone := 100 + n%100
				revoked := acked.Load() >= int64(gone) // read before the look-up
				if why := b.reason(grant(gone)); revoked && why == "" {
					report(failures, fmt.Sprintf("grant %d accepted after its revoke was acknowledged", gone))
				}
			}
		})
	}
	for n := 100; n < 200; n++ {
		revision := int64(2 * n)
		_, err := b.Apply([]*wire.Entry{drop(revision, grant(n).ID)})
		require.NoError(t, err)
		acked.Store(int64(n))
		if n%10 == 0 {
			set := Set{Position: at(revision + 1), Grants: append(grants(100), grants(500)[n+1:]...)}
			_, err := b.Replace(set)
			require.NoError(t, err)
		}
	}
	close(stop)
	wg.Wait()
	require.Empty(t, failures)
	require.Positive(t, reads.Load())
}

func report(failures chan string, text string) {
	select {
	case failures <- text:
	default:
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, now := memoryOnly(n), noon
			l.cfg.Now = func() time.Time { return now }
			names := make([]string, 4096)
			for i := range names {
				names[i] = grant(i * 31 % n).Username
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, why := l.Lookup(names[i%len(names)]); why != "" {
					b.Fatal(why)
				}
			}
		})
	}
}

func memoryOnly(n int) *Ledger {
	c := content{grants: make(map[string]*holding, n)}
	for _, g := range grants(n) {
		c.grants[g.ID] = newHolding(g)
	}
	return newLedger(Config{Now: time.Now, Logger: quiet()}, nil, c)
}

// One entry among 100,000 in memory: the copy is of one shard.
func BenchmarkHold(b *testing.B) {
	l, g := memoryOnly(100_000), grant(777)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.NotAfter = noon.Add(time.Duration(i))
		l.mu.Lock()
		l.hold(newHolding(g))
		l.mu.Unlock()
	}
}

func BenchmarkApplyOne(b *testing.B) {
	l := filled(b, 10_000)
	b.ReportAllocs()
	for revision := int64(2); b.Loop(); revision++ {
		if _, err := l.Apply([]*wire.Entry{put(revision, grant(int(revision%10_000)))}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, all := setup(b), grants(n)
			b.ReportAllocs()
			for revision := int64(2); b.Loop(); revision++ {
				for i := range all {
					all[i].Password = fmt.Sprint(revision)
				}
				if _, err := l.Replace(Set{Position: at(revision), Grants: all}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	l := filled(b, 10_000)
	for b.Loop() {
		l.reopen(b)
	}
}

// How long look-ups take while sets of 10,000 are swapped.
func BenchmarkLookupDuringReplace(b *testing.B) {
	l, all := filled(b, 10_000), grants(10_000)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for revision := int64(2); ; revision++ {
			select {
			case <-stop:
				return
			default:
			}
			for i := range all {
				all[i].DeviceLimit = int(revision)
			}
			if _, err := l.Replace(Set{Position: at(revision), Grants: all}); err != nil {
				b.Error(err)
				return
			}
		}
	})
	took := make([]time.Duration, 0, 1<<20)
	for b.Loop() {
		start := time.Now()
		_, why := l.Lookup("v-00000777")
		if took = append(took, time.Since(start)); why != "" {
			b.Fatal(why)
		}
	}
	close(stop)
	wg.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*999/1000]), "p99.9-ns")
	b.ReportMetric(float64(took[len(took)-1]), "max-ns")
}
