package nas

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
)

// NAS is one simulated NAS. All methods are safe for concurrent use.
type NAS struct {
	cfg     Config
	at      endpoints
	journal *journal

	mu       sync.Mutex // guards the fields below; taken after a session's own lock, never before
	run      *run       // nil while stopped
	sessions map[string]*session
	booted   <-chan struct{} // closed when Accounting-On is settled; nil before the first Start
	boots    int             // logins under way when it grows open nothing
	lastID   uint32          // of the Acct-Session-Ids; a reboot starts over
	changed  chan struct{}   // closed and replaced when a session opens or ends
	policy   Policy
	script   []Behaviour
	das      string // where the DAS listens
}

// run is the time between Start and Stop: its sockets and goroutines.
type run struct {
	nas        *NAS
	ctx        context.Context
	cancel     context.CancelFunc
	work       sync.WaitGroup
	auth, acct *client // acct is nil without accounting
	das        *das
}

// New checks the configuration. It opens nothing.
func New(cfg Config) (*NAS, error) {
	at, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	return &NAS{
		cfg: cfg, at: at, journal: newJournal(cfg.Now), policy: cfg.Policy,
		sessions: map[string]*session{}, changed: make(chan struct{}), das: at.das,
	}, nil
}

// Start opens the sockets and, like a NAS that boots, sends Accounting-On. It
// does not wait for an answer. ctx limits the start only. A second call
// without a Stop between does nothing.
func (n *NAS) Start(ctx context.Context) error {
	r, started, err := n.powerOn(ctx)
	if err != nil {
		return fmt.Errorf("nas: start: %w", err)
	}
	if started {
		r.boot()
	}
	return nil
}

// powerOn returns the run, and whether this call opened it.
func (n *NAS) powerOn(ctx context.Context) (*run, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run != nil {
		return n.run, false, nil
	}
	r, err := n.open(ctx)
	if err != nil {
		return nil, false, err
	}
	n.run, n.das = r, r.das.conn.LocalAddr().String()
	n.lastID = 0
	r.work.Go(r.auth.read)
	r.work.Go(r.das.serve)
	if r.acct != nil {
		r.work.Go(r.acct.read)
	}
	return r, true, nil
}

// open gives either all sockets or none.
func (n *NAS) open(ctx context.Context) (*run, error) {
	r := &run{nas: n}
	var opened []net.PacketConn
	listen := func(address string) (net.PacketConn, error) {
		conn, err := n.cfg.ListenPacket(ctx, "udp", address)
		if err == nil {
			opened = append(opened, conn)
		}
		return conn, err
	}
	if err := r.listen(listen); err != nil {
		for _, conn := range opened {
			_ = conn.Close()
		}
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return r, nil
}

func (r *run) listen(listen func(string) (net.PacketConn, error)) error {
	n, source := r.nas, net.JoinHostPort(r.nas.at.bind.String(), "0")
	conn, err := listen(source)
	if err != nil {
		return err
	}
	r.auth = newClient(conn, n.at.auth, n.journal)
	if n.cfg.SendAccounting {
		if conn, err = listen(source); err != nil {
			return err
		}
		r.acct = newClient(conn, n.at.acct, n.journal)
	}
	if conn, err = listen(n.das); err != nil {
		return err
	}
	r.das = newDAS(r, conn)
	return nil
}

// Stop is the power switch: sessions are gone, no server is told. It waits for
// every goroutine. Calling it twice is harmless.
func (n *NAS) Stop() {
	n.mu.Lock()
	r := n.run
	n.run = nil
	n.mu.Unlock()
	if r == nil {
		return
	}
	r.cancel()
	_ = r.auth.conn.Close()
	_ = r.das.conn.Close()
	if r.acct != nil {
		_ = r.acct.conn.Close()
	}
	n.forget()
	r.work.Wait()
}

// Reboot forgets the sessions without a Stop, starts the Acct-Session-Ids
// over, so that they are used again, and sends Accounting-On (RFC 2866 section
// 5.1). The script and the policy stay.
func (n *NAS) Reboot() error {
	r, err := n.running()
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.boots++
	n.lastID = 0
	n.mu.Unlock()
	n.forget()
	r.das.forget()
	r.boot()
	return nil
}

// forget ends every session without a word.
func (n *NAS) forget() {
	for _, s := range n.all() {
		s.end(causeForgotten, false)
	}
}

// DASAddr is where Disconnect-Requests are taken, host:port; known after the
// first Start.
func (n *NAS) DASAddr() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.das
}

// Name is the NAS-Identifier.
func (n *NAS) Name() string { return n.cfg.Name }

// LogValue keeps the secret out of logs.
func (n *NAS) LogValue() slog.Value { return slog.StringValue(n.cfg.Name) }

func (n *NAS) running() (*run, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run == nil {
		return nil, ErrStopped
	}
	return n.run, nil
}

// spawn runs f in a goroutine that Stop waits for; not at all once stopped.
func (r *run) spawn(f func()) bool {
	r.nas.mu.Lock()
	defer r.nas.mu.Unlock()
	if r.nas.run != r {
		return false
	}
	r.work.Go(f)
	return true
}

func (r *run) request(c *client, tries int) *request {
	return &request{client: c, tries: tries, retryAfter: r.nas.cfg.RetryAfter}
}

// all returns the open sessions in the order of their Acct-Session-Ids.
func (n *NAS) all() []*session {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*session, 0, len(n.sessions))
	for _, s := range n.sessions {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *session) int { return strings.Compare(a.id, b.id) })
	return list
}

// lookup finds the session of a device by its canonical MAC, or nil.
func (n *NAS) lookup(mac string) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sessions[mac]
}

// announce wakes those who wait for a session to open or end. n.mu is held.
func (n *NAS) announce() {
	close(n.changed)
	n.changed = make(chan struct{})
}
