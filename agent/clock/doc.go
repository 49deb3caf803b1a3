// Package clock is the agent's time: the hub's, carried on by the machine's
// monotonic clock.
//
// The wall clock is read once, at the start, and never again: whoever sets it,
// by a day forward or back, changes nothing until the next start. Then the time
// is the wall clock plus the last known offset, but never less than the saved
// high-water mark: a clock set back over a restart without the hub lengthens a
// visit by at most the time the agent was down.
//
// The hub is right. [Clock.Sync] moves the clock to the hub's time, also
// backwards and below the mark, which a wall clock in the future may have put
// there. Only a difference that the round trip explains is ignored, so that time
// does not tremble.
package clock
