package live

import "time"

// Cursor text of a place in chains.
func Cursor(at map[string]int64) string { return position(at).encode() }

// ParseCursor is parseCursor.
func ParseCursor(text string) (map[string]int64, bool) { return parseCursor(text) }

// QueueSize is how many frames a screen may have waiting.
const QueueSize = queueSize

// Beat shortens the time between beats. Call it before Start.
func (l *Live) Beat(every time.Duration) { l.timing.beat = every }

// Patience sets how long a frame may take to be written. Call it before Start.
func (l *Live) Patience(write time.Duration) { l.timing.write = write }

// Hasten shortens what tests would have to wait for. Call it before Start.
func (l *Live) Hasten(poll, pong, recheck time.Duration) {
	l.dispatcher.every = poll
	l.timing.pong, l.timing.ping, l.timing.recheck = pong, pong/4, recheck
}
