package webhook

import "time"

// pauses are waited after the first, second, ... attempt: about 75 hours in all,
// as Standard Webhooks proposes.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Attempts is how often a delivery is tried.
const Attempts = 10

// Pause returns how long to wait after the attempt of that number, counted from
// 1, has failed; false if it was the last. A tenth more or less is left to
// random, which returns numbers in [0,1): what failed together does not come back
// together.
func Pause(attempt int, random func() float64) (time.Duration, bool) {
	if attempt < 1 || attempt > len(pauses) {
		return 0, false
	}
	pause := pauses[attempt-1]
	return pause + time.Duration((random()-0.5)*0.2*float64(pause)), true
}
