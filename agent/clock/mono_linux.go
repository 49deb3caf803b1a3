package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic reads CLOCK_BOOTTIME: Go's own monotonic clock stands still while the
// machine sleeps, and a visit must not.
func monotonic() func() time.Duration {
	return func() time.Duration {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
			panic("clock: CLOCK_BOOTTIME: " + err.Error()) // every Linux since 2.6.39 has it
		}
		return time.Duration(ts.Nano())
	}
}
