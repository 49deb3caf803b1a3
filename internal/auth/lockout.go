package auth

import "time"

const (
	freeFailures  = 4           // as many wrong passwords cost nothing
	firstLockFor  = time.Minute // the fifth, doubling with each further one
	longestLock   = 15 * time.Minute
	forgetFailure = 24 * time.Hour // quiet time after which counting starts anew
)

// Lockout says until when logins for a name are refused, given how many have
// failed in a row and when the last one did. A zero instant means they are not.
// The state is the user's row in Postgres, so that the lock holds over replicas
// and restarts; a name that nobody has needs none, being refused alike. While locked, attempts are neither checked nor counted: whoever
// knows the password waits at most 15 minutes.
func Lockout(failed int, last, now time.Time) time.Time {
	if failed <= freeFailures {
		return time.Time{}
	}
	// Shifting stops at the longest lock, so that it cannot overflow.
	until := last.Add(min(firstLockFor<<min(failed-freeFailures-1, 10), longestLock))
	if !until.After(now) {
		return time.Time{}
	}
	return until
}

// CountFailure returns the number to store after another failure at now.
func CountFailure(failed int, last, now time.Time) int {
	if now.Sub(last) >= forgetFailure {
		return 1
	}
	return failed + 1
}
