package presence

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

const (
	maxConns  = 32 // at a time
	maxSource = 8  // of them from one source
)

// gate is a listener that lets in whoever may call, and resets all other connections
// before they have heard anything.
type gate struct {
	net.Listener
	allowed func(netip.Addr) bool
	metrics *Metrics

	mu    sync.Mutex // guards what follows
	conns int
	from  map[netip.Prefix]int
}

func newGate(inner net.Listener, allowed func(netip.Addr) bool, metrics *Metrics) *gate {
	return &gate{Listener: inner, allowed: allowed, metrics: metrics, from: map[netip.Prefix]int{}}
}

// Accept returns the next connection that may come in.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if address := addressOf(conn.RemoteAddr().String()); !g.allowed(address) {
			g.metrics.refused.WithLabelValues("network").Inc()
		} else if source := sourceOf(address); g.enter(source) {
			return &visitor{Conn: conn, leave: sync.OnceFunc(func() { g.leave(source) })}, nil
		} else {
			g.metrics.refused.WithLabelValues("crowded").Inc()
		}
		reset(conn)
	}
}

// reset ends a connection without another word.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (g *gate) enter(source netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conns >= maxConns || g.from[source] >= maxSource {
		return false
	}
	g.conns++
	g.from[source]++
	return true
}

func (g *gate) leave(source netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns--
	if g.from[source]--; g.from[source] == 0 {
		delete(g.from, source)
	}
}

// visitor is a connection that makes room when it is closed.
type visitor struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}

// addressOf is the address in host:port, invalid where it is none.
func addressOf(text string) netip.Addr {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

// within reports whether one of the networks holds the address.
func within(networks []netip.Prefix, address netip.Addr) bool {
	address = address.WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}
