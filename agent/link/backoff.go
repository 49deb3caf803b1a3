package link

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/wire"
)

// Back-off says how long to stay away after a link ended.
type Backoff struct {
	First       time.Duration // bound of the first pause, then doubling
	Cap         time.Duration // highest bound
	Stable      time.Duration // a link that lasted this long starts over
	Restart     time.Duration // least bound after 1012, so that a restarted hub is not stormed
	Overloaded  time.Duration // least pause after 1013
	Replaced    time.Duration // pause after 4409
	Quarantined time.Duration // pause after 4423
	Refused     time.Duration // least pause after the hub refused the enrolment token
	LongestWish time.Duration // at most this much of a Retry-After is honoured
}

// DefaultBackoff is what the fleet is sized for.
var DefaultBackoff = Backoff{
	First: 500 * time.Millisecond, Cap: 30 * time.Second, Stable: time.Minute,
	Restart: 5 * time.Second, Overloaded: 5 * time.Second,
	Replaced: 5 * time.Minute, Quarantined: time.Hour,
	Refused: 30 * time.Second, LongestWish: 5 * time.Minute,
}

// pauses counts the links that ended early, one after another.
type pauses struct {
	Backoff
	random func() float64 // in [0,1)
	early  int
}

// after returns how long to wait once a link that was up for that long ended
// with err. Every pause has a random part, so that a fleet does not come back in
// step.
func (p *pauses) after(err error, up time.Duration) time.Duration {
	if up >= p.Stable {
		p.early = 0
	}
	bound := p.First
	for range p.early {
		bound = min(2*bound, p.Cap)
	}
	p.early = min(p.early+1, 62)
	if u, ok := errors.AsType[*unavailable](err); ok && u.after > 0 {
		return min(u.after, p.LongestWish) + p.jitter(bound)
	}
	if errors.Is(err, errRefused) {
		return p.Refused + p.jitter(p.Refused)
	}
	switch closeCode(err) {
	case wire.CloseRestart:
		return p.jitter(max(bound, p.Restart))
	case wire.CloseOverloaded:
		return p.Overloaded + p.jitter(bound)
	case wire.CloseReplaced, wire.CloseUnknown:
		return p.Replaced + p.jitter(p.Cap)
	case wire.CloseQuarantined:
		return p.Quarantined + p.jitter(p.Cap)
	}
	return p.jitter(bound)
}

func (p *pauses) jitter(bound time.Duration) time.Duration {
	return time.Duration(p.random() * float64(bound))
}

// closeCode returns the code with which the hub closed, 0 if it did not.
func closeCode(err error) int {
	if c, ok := errors.AsType[*websocket.CloseError](err); ok {
		return c.Code
	}
	return 0
}

// unavailable is an HTTP answer instead of a link.
type unavailable struct {
	status int
	after  time.Duration // Retry-After, 0 for none
}

func (u *unavailable) Error() string { return fmt.Sprintf("the hub answers with status %d", u.status) }

// retryAfter reads the header in seconds (RFC 9110 10.2.3); a date is not used
// between hub and agent.
func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 24*3600 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
