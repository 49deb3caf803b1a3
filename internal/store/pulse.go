package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	channel  = "foyer"
	pulseFor = 5 * time.Second
	maxPulse = 1024 // different notifications that wait for the connection
)

// pulse sends notifications after the commits that cause them. NOTIFY inside a
// transaction makes commits wait for each other, so it is done on a connection of
// its own, many at a time, each different one once.
//
// What it cannot send, or what exceeds maxPulse, is dropped: listeners look at the
// tables every second anyway.
type pulse struct {
	pool *pgxpool.Pool
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{} // closed by run

	mu      sync.Mutex // guards pending
	pending map[Notification]struct{}
	signal  chan struct{} // one slot; never closed
}

func startPulse(pool *pgxpool.Pool, log *slog.Logger) *pulse {
	ctx, stop := context.WithCancel(context.Background())
	p := &pulse{
		pool: pool, log: log, stop: stop, done: make(chan struct{}),
		pending: map[Notification]struct{}{}, signal: make(chan struct{}, 1),
	}
	go p.run(ctx)
	return p
}

// close sends what is pending and waits for it.
func (p *pulse) close() {
	p.stop()
	<-p.done
}

func (p *pulse) wake(notifications ...Notification) {
	if len(notifications) == 0 {
		return
	}
	p.mu.Lock()
	for _, n := range notifications {
		if len(p.pending) < maxPulse {
			p.pending[n] = struct{}{}
		}
	}
	p.mu.Unlock()
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

func (p *pulse) run(ctx context.Context) {
	defer close(p.done)
	for {
		select {
		case <-p.signal:
			p.send(ctx)
		case <-ctx.Done():
			p.send(ctx)
			return
		}
	}
}

func (p *pulse) send(ctx context.Context) {
	p.mu.Lock()
	payloads := make([]string, 0, len(p.pending))
	for n := range p.pending {
		payloads = append(payloads, n.payload())
	}
	clear(p.pending)
	p.mu.Unlock()
	if len(payloads) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseFor)
	defer cancel()
	const notify = `select pg_notify(@channel, payload) from unnest(@payloads::text[]) as payload`
	if _, err := p.pool.Exec(ctx, notify, pgx.NamedArgs{"channel": channel, "payloads": payloads}); err != nil {
		p.log.Warn("notifications not sent", "count", len(payloads), "error", explain(err))
	}
}
