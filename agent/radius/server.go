package radius

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Grants is what may be accepted. Lookups are lock-free and safe for concurrent use;
// what they return must not be changed.
type Grants interface {
	// Lookup finds the grant a user name may use now. Only with an empty why may it be
	// accepted; otherwise g may be nil, and if not has an id only.
	Lookup(username string) (g *wire.Grant, why wire.RefusedReason)
	// Grant returns a grant by id, nil if it is gone.
	Grant(id string) *wire.Grant
	// Device finds what lets a device in by its MAC address alone, in a network of a NAS,
	// "" where it names none: a grant of kind portal, else of kind device; nil for neither.
	Device(mac string, nas visit.NASID, ssid string) *wire.Grant
	// HoldDevice makes an access usable that a grant of kind device gives, and returns
	// when it is on disk. After an error nobody may be let in by it.
	HoldDevice(device string, access wire.Grant) error
	// Spend uses a one-time secret of a grant up and reports whether it was good for a
	// new session. It does not wait.
	Spend(grantID string, o wire.OneTime, mac string, nas visit.NASID) (fresh bool)
	// Spent returns the secrets that a device spent at a NAS for a grant.
	Spent(grantID, mac string, nas visit.NASID) []string
}

// NASes knows who may ask.
type NASes interface {
	// NAS returns the NAS whose source network holds addr most specifically, or nil.
	NAS(addr netip.Addr) *wire.NAS
}

// Sessions is who is online. All methods are safe for concurrent use and do not wait.
type Sessions interface {
	// Accepted notes a login before the NAS is told, under an empty Acct-Session-Id;
	// until is when its Session-Timeout ends.
	Accepted(s wire.Session, until time.Time)
	// Devices counts a grant's devices that are online, without exceptMAC.
	Devices(grantID, exceptMAC string) int
	// Online reports whether a device has an open session of a grant at a NAS.
	Online(grantID, mac string, nas visit.NASID) bool
	// Resolve returns a with the key under which the session is known, and what the
	// NAS left out of it.
	Resolve(a wire.Accounting) wire.Accounting
	// Account applies what a NAS said, in any order and any number of times.
	Account(a wire.Accounting)
}

// Journal keeps what the hub must hear of.
type Journal interface {
	// Append returns once rec is on disk; after an error it counts as not stored.
	Append(ctx context.Context, rec wire.Record) (seq uint64, err error)
	// Enqueue takes rec without waiting, or drops it.
	Enqueue(rec wire.Record)
}

// Config says what a server is made from. Grants, NASes, Sessions, Journal, Logger
// and Metrics are required.
type Config struct {
	AuthAddr string // UDP, host:port; empty: ":1812"
	AcctAddr string // empty: ":1813"

	Grants   Grants
	NASes    NASes
	Sessions Sessions
	Journal  Journal
	Codes    Codes // nil: no roll codes

	// Ratchet is told, once per NAS, that a NAS with policy auto sent a valid
	// Message-Authenticator. Whoever keeps the policy must make it require, or a
	// restart forgets. It must not block.
	Ratchet func(visit.NASID)
	// OnOrphan is given each session that accounting shows online although its grant
	// is gone, again with every interim update. It must not block.
	OnOrphan func(wire.Session)

	// ClassKey, 32 octets, seals the Class attribute. It should survive restarts;
	// nil is a random key, and sessions are then matched by name after a restart.
	ClassKey []byte

	Now     func() time.Time // nil: time.Now
	Rand    io.Reader        // safe for concurrent use; nil: crypto/rand
	Logger  *slog.Logger
	Metrics *Metrics

	Readers    int           // goroutines that answer authentication; zero: one per processor
	InFlight   int           // accounting packets under way at a time; zero: 256
	JournalFor time.Duration // limit of one Append; zero: 3 s, about a NAS's patience
}

func (c Config) withDefaults() (Config, error) {
	if c.Grants == nil || c.NASes == nil || c.Sessions == nil || c.Journal == nil || c.Logger == nil || c.Metrics == nil {
		return c, errors.New("radius: a part is missing from the configuration")
	}
	c.AuthAddr = cmp.Or(c.AuthAddr, ":1812")
	c.AcctAddr = cmp.Or(c.AcctAddr, ":1813")
	c.Readers = cmp.Or(c.Readers, runtime.GOMAXPROCS(0))
	c.InFlight = cmp.Or(c.InFlight, 256)
	c.JournalFor = cmp.Or(c.JournalFor, 3*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.ClassKey == nil {
		c.ClassKey = make([]byte, classKeyLen)
		if _, err := io.ReadFull(c.Rand, c.ClassKey); err != nil {
			return c, fmt.Errorf("radius: class key: %w", err)
		}
	}
	return c, nil
}

// Server answers RADIUS on two UDP ports. Its methods are safe for concurrent use.
type Server struct {
	cfg      Config
	madeAt   time.Time
	classes  *classes
	brake    *brake
	refusals *refusals
	logs     logs

	admission sync.Mutex   // held from counting a grant's devices to noting one more
	deciding  sync.RWMutex // held for reading while an Access-Request is answered
	arriving  sync.Map     // MAC addresses of devices whose first login by them is being recorded
	kept      atomic.Int64 // remembered answers of all NASes

	peersMu sync.RWMutex // guards peers
	peers   map[visit.NASID]*peer

	lifeMu  sync.Mutex // guards all below
	life    life
	sockets [ports]*socket
	stop    chan struct{} // closed by Stop
	done    sync.WaitGroup
}

type life byte

const (
	lifeNew life = iota
	lifeRunning
	lifeOver
)

// peer is what the server itself keeps of a NAS. There are as many as NASes were
// ever configured while it ran.
type peer struct {
	answers   *answers
	ratcheted atomic.Bool // policy auto has become require
	status    *rate.Limiter
	heard     heard
}

// logs bound what packets can write into the log.
type logs struct{ unknown, journal, fault rate.Sometimes }

const logEvery = 10 * time.Second

// New makes a server. It opens nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	classes, err := newClasses(cfg.ClassKey, cfg.Rand)
	if err != nil {
		return nil, err
	}
	return &Server{
		cfg:      cfg,
		madeAt:   cfg.Now(),
		classes:  classes,
		brake:    newBrake(),
		refusals: newRefusals(cfg.Journal, cfg.Metrics),
		logs: logs{
			unknown: rate.Sometimes{First: 1, Interval: logEvery},
			journal: rate.Sometimes{First: 1, Interval: logEvery},
			fault:   rate.Sometimes{First: 1, Interval: logEvery},
		},
		peers: map[visit.NASID]*peer{},
		stop:  make(chan struct{}),
	}, nil
}

// Start opens both ports and returns; goroutines that Stop waits for do the rest.
// Starting a running server does nothing, a stopped one does not start again.
func (s *Server) Start(ctx context.Context) error {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	switch s.life {
	case lifeRunning:
		return nil
	case lifeOver:
		return errors.New("radius: the server was stopped")
	}
	auth, err := listen(ctx, s.cfg.AuthAddr, authPort)
	if err != nil {
		return err
	}
	acct, err := listen(ctx, s.cfg.AcctAddr, acctPort)
	if err != nil {
		return errors.Join(err, auth.conn.Close())
	}
	s.life, s.sockets = lifeRunning, [ports]*socket{auth, acct}
	s.done.Go(func() { s.serveAuth(auth) })
	s.done.Go(func() { s.serveAcct(acct) })
	s.done.Go(s.keepHouse)
	return nil
}

// Stop takes no new packets, answers those under way and returns when all is
// still. Stopping twice, or before Start, is harmless.
func (s *Server) Stop() error {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.life != lifeRunning {
		s.life = lifeOver
		return nil
	}
	s.life = lifeOver
	close(s.stop)
	var errs []error
	for _, socket := range s.sockets {
		errs = append(errs, socket.conn.SetReadDeadline(time.Unix(1, 0))) // wakes the readers
	}
	s.done.Wait()
	for _, socket := range s.sockets {
		errs = append(errs, socket.conn.Close())
	}
	s.refusals.flush(s.cfg.Now(), 0)
	return errors.Join(errs...)
}

// AuthAddr returns where authentication is answered, the zero value unless Start
// has succeeded.
func (s *Server) AuthAddr() netip.AddrPort { return s.addr(authPort) }

// AcctAddr returns where accounting is answered.
func (s *Server) AcctAddr() netip.AddrPort { return s.addr(acctPort) }

func (s *Server) addr(p port) netip.AddrPort {
	s.lifeMu.Lock()
	defer s.lifeMu.Unlock()
	if s.sockets[p] == nil {
		return netip.AddrPort{}
	}
	return s.sockets[p].addr
}

// Settle returns when every answer to a login whose decision had begun has been
// sent. After a grant was removed and Settle has returned, no Access-Accept for it
// is sent any more, and its last login is known to Sessions.
func (s *Server) Settle() {
	s.deciding.Lock()
	s.deciding.Unlock() //nolint:staticcheck // the point is to have waited
}

// peer returns the server's own state of a NAS.
func (s *Server) peer(id visit.NASID) *peer {
	s.peersMu.RLock()
	p := s.peers[id]
	s.peersMu.RUnlock()
	if p != nil {
		return p
	}
	s.peersMu.Lock()
	defer s.peersMu.Unlock()
	if p := s.peers[id]; p != nil {
		return p
	}
	p = &peer{
		answers: &answers{
			limit: answersPerNAS, inAll: &s.kept, maximum: answersInAll, index: map[answerKey]*entry{},
		},
		status: rate.NewLimiter(statusRate, statusBurst),
	}
	s.peers[id] = p
	return p
}

// keepHouse reports repeated refusals and forgets old answers until Stop.
func (s *Server) keepHouse() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.tidy(s.cfg.Now())
		}
	}
}

func (s *Server) tidy(now time.Time) {
	s.refusals.flush(now, refusalWindow)
	s.peersMu.RLock()
	defer s.peersMu.RUnlock()
	for _, p := range s.peers {
		p.answers.prune(now)
	}
}
