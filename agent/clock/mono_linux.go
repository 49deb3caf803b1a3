package clock

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// How often, in waking time, sleep is asked for; CLOCK_BOOTTIME costs a system
// call where Go's own clock costs none.
const sleepCheckEvery = 200 * time.Millisecond

// monotonic counts the time the machine slept, as Go's own monotonic clock does
// not: a visit must not grow by a suspended virtual machine.
func monotonic() func() time.Duration {
	start, booted := time.Now(), sinceBoot()
	var checked, slept atomic.Int64
	return func() time.Duration {
		awake := time.Since(start)
		if last := checked.Load(); awake-time.Duration(last) > sleepCheckEvery && checked.CompareAndSwap(last, int64(awake)) {
			// Less is the noise of reading two clocks one after the other.
			if s := int64(sinceBoot() - booted - awake); s-slept.Load() > int64(time.Millisecond) {
				slept.Store(s)
			}
		}
		return awake + time.Duration(slept.Load())
	}
}

func sinceBoot() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("clock: CLOCK_BOOTTIME: " + err.Error()) // every Linux since 2.6.39 has it
	}
	return time.Duration(ts.Nano())
}
