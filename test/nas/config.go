package nas

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Limits and defaults. A zero field of Config takes its default.
const (
	defaultRetryAfter  = time.Second
	defaultTries       = 3
	defaultAcctTries   = 8
	maxRetryAfter      = 8 * time.Second
	defaultMaxSessions = 10_000
	defaultRate        = 250_000
	answerWindow       = 300 * time.Second // RFC 5176 section 6.3
)

// Config describes one NAS. AuthAddr and Secret are required.
type Config struct {
	Name     string // NAS-Identifier; "nas-sim" if empty
	AuthAddr string // the RADIUS server, host:port
	AcctAddr string // its accounting port; required with SendAccounting
	Secret   []byte // shared with the server and with the Disconnect client

	// BindAddress is the source address of requests and the NAS-IP-Address;
	// 127.0.0.1 if empty. Several NASes on one machine take 127.0.0.2 and on.
	BindAddress string
	// ListenDAS is where Disconnect-Requests are taken; BindAddress with a
	// free port if empty. A restart keeps the port.
	ListenDAS string
	// DASClients may send Disconnect-Requests; if empty, the host of AuthAddr.
	DASClients []netip.Prefix
	// Policy is how strict the DAS starts; the zero value demands everything.
	Policy Policy

	SendMessageAuthenticator bool // in Access-Requests, as the first attribute
	SendAccounting           bool

	// Interim is the time between Interim-Updates. As RFC 2869 section 5.16
	// wants it, a value here overrides the server's; zero follows the server,
	// and without one there are none.
	Interim time.Duration
	// RetryAfter is the wait before the first retransmission, then doubled up
	// to 8 s. Tries and AcctTries count the first datagram too.
	RetryAfter time.Duration
	Tries      int
	AcctTries  int

	// BytesPerSecond is what a guest uploads; four times as much comes down.
	BytesPerSecond uint64
	MaxSessions    int

	// Now is the NAS's clock for timestamps; a wrong one is a fault to test.
	Now func() time.Time
	// Rand gives authenticators and challenges; it need not be safe for
	// concurrent use.
	Rand   io.Reader
	Logger *slog.Logger
	// ListenPacket opens the NAS's three sockets; net.ListenConfig if nil.
	ListenPacket func(ctx context.Context, network, address string) (net.PacketConn, error)
}

// endpoints are the Config's addresses, parsed.
type endpoints struct {
	auth, acct netip.AddrPort
	bind       netip.Addr
	das        string
}

// resolve fills the defaults and parses the addresses.
func (c *Config) resolve() (endpoints, error) {
	c.setDefaults()
	var e endpoints
	var err error
	if len(c.Secret) == 0 {
		return e, errors.New("nas: the secret is empty")
	}
	if e.bind, err = netip.ParseAddr(c.BindAddress); err != nil {
		return e, fmt.Errorf("nas: bind address: %w", err)
	}
	if e.auth, err = resolveAddr(c.AuthAddr); err != nil {
		return e, fmt.Errorf("nas: authentication address: %w", err)
	}
	if c.SendAccounting {
		if e.acct, err = resolveAddr(c.AcctAddr); err != nil {
			return e, fmt.Errorf("nas: accounting address: %w", err)
		}
	}
	if len(c.DASClients) == 0 {
		c.DASClients = []netip.Prefix{netip.PrefixFrom(e.auth.Addr(), e.auth.Addr().BitLen())}
	}
	e.das = c.ListenDAS
	return e, nil
}

func (c *Config) setDefaults() {
	setDefault(&c.Name, "nas-sim")
	setDefault(&c.BindAddress, "127.0.0.1")
	setDefault(&c.ListenDAS, net.JoinHostPort(c.BindAddress, "0"))
	setDefault(&c.RetryAfter, defaultRetryAfter)
	setDefault(&c.Tries, defaultTries)
	setDefault(&c.AcctTries, defaultAcctTries)
	setDefault(&c.BytesPerSecond, defaultRate)
	setDefault(&c.MaxSessions, defaultMaxSessions)
	setDefault(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.ListenPacket == nil {
		c.ListenPacket = (&net.ListenConfig{}).ListenPacket
	}
	c.Rand = &lockedReader{from: c.Rand}
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// resolveAddr takes host names too: a compose file names its services.
func resolveAddr(address string) (netip.AddrPort, error) {
	addr, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	at := unmap(addr.AddrPort())
	if !at.Addr().IsValid() || at.Port() == 0 {
		return netip.AddrPort{}, errors.New("host or port is missing")
	}
	return at, nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// lockedReader makes any source of randomness safe for concurrent use.
type lockedReader struct {
	mu   sync.Mutex // guards from
	from io.Reader
}

func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.from, b)
}
