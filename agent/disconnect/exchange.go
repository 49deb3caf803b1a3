package disconnect

import (
	"context"
	"errors"
	"net"
	"time"
)

// Schedule says when a request without an answer is sent again: the identical
// datagram from the same socket (RFC 5176 2.3, RFC 5080 2.2.1).
type Schedule struct {
	First  time.Duration // before the first repeat; then doubling
	Cap    time.Duration // longest pause
	Tries  int           // datagrams in all
	All    time.Duration // after the first, then the NAS is called silent
	Jitter float64       // each pause is longer or shorter by up to this share
}

// DefaultSchedule is RFC 5080's algorithm with the values of the field.
var DefaultSchedule = Schedule{First: 2 * time.Second, Cap: 16 * time.Second, Tries: 5, All: 30 * time.Second, Jitter: 0.1}

// pause returns the wait after try (from 0); random is in [0,1).
func (s Schedule) pause(try int, random float64) time.Duration {
	wait := s.First
	for range try {
		wait = min(2*wait, s.Cap)
	}
	return time.Duration(float64(wait) * (1 + s.Jitter*(2*random-1)))
}

// errSilent: no valid answer to any of the datagrams.
var errSilent = errors.New("no answer")

// exchange sends request over conn until an answer passes check, or the schedule
// or ctx ends. Other datagrams are discarded, and an ICMP error is no end: a NAS
// that reboots answers a later try. It returns the datagrams sent.
func (s Schedule) exchange(ctx context.Context, conn net.Conn, request []byte, random func() float64, check func([]byte) (answer, error)) (answer, int, error) {
	ctx, cancel := context.WithTimeout(ctx, s.All)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	for try := range s.Tries {
		_, _ = conn.Write(request) // refused by ICMP or a full buffer: the next try tells
		until := time.Now().Add(s.pause(try, random()))
		if a, err := listen(ctx, conn, until, check); err == nil {
			return a, try + 1, nil
		}
		if ctx.Err() != nil {
			return answer{}, try + 1, errSilent
		}
	}
	return answer{}, s.Tries, errSilent
}

// listen reads datagrams until one passes check, or until the instant.
func listen(ctx context.Context, conn net.Conn, until time.Time, check func([]byte) (answer, error)) (answer, error) {
	buffer := make([]byte, maxPacket)
	if err := conn.SetReadDeadline(until); err != nil {
		return answer{}, err
	}
	for ctx.Err() == nil {
		n, err := conn.Read(buffer)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return answer{}, errSilent
		}
		if errors.Is(err, net.ErrClosed) {
			return answer{}, err
		}
		if err != nil {
			continue // ECONNREFUSED is reported once per ICMP message
		}
		if a, err := check(buffer[:n]); err == nil {
			return a, nil
		}
	}
	return answer{}, ctx.Err()
}
