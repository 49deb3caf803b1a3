package devstack

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports are picked below the range from which Linux takes the local ports of
// outgoing connections (32768 and up): a port found free stays free until the
// service binds it, unless somebody asks for that very number.
const (
	firstPort = 20000
	lastPort  = 32000
)

// handedOut keeps FreePort from giving one port to two callers of this process
// while neither has bound it yet.
var handedOut struct {
	sync.Mutex
	ports map[int]bool
}

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on and that no
// earlier call in this process has returned. Another process may still take it
// before the caller binds it; starting with port 0 tries again in that case.
func FreePort() (int, error) {
	handedOut.Lock()
	defer handedOut.Unlock()
	if handedOut.ports == nil {
		handedOut.ports = make(map[int]bool)
	}
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if handedOut.ports[port] || !portIsFree(port) {
			continue
		}
		handedOut.ports[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d on 127.0.0.1", firstPort, lastPort)
}

func portIsFree(port int) bool {
	listener, err := net.Listen("tcp", loopback(port)) //nolint:noctx // binds and closes, waits for nothing
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

// loopback is the address of a port on 127.0.0.1.
func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
