package radius

import (
	"encoding/binary"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// control is a datagram's ancillary data: which of our addresses it was sent to.
// Handed back with the answer, it makes the kernel answer from that address, as a
// NAS expects of a server with several.
type control struct {
	buf [64]byte
	len int
}

// askLocalAddress is a net.ListenConfig.Control.
func askLocalAddress(network, _ string, c syscall.RawConn) error {
	level, option := unix.IPPROTO_IP, unix.IP_PKTINFO
	if network == "udp6" { // also a socket for both families
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO
	}
	var failed error
	err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, 1) })
	return errors.Join(err, failed)
}

func (c *control) room() []byte { return c.buf[:] }

// received keeps the first n octets that were read, without the interface: the
// way back is for routing to choose.
func (c *control) received(n int) {
	c.len = 0
	if n < unix.SizeofCmsghdr || n > len(c.buf) {
		return
	}
	header, data, _, err := unix.ParseOneSocketControlMessage(c.buf[:n])
	if err != nil {
		return
	}
	switch {
	case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
		clear(data[:4]) // struct in_pktinfo begins with ipi_ifindex
	case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
		if data[0] == 0xfe && data[1]&0xc0 == 0x80 {
			break // a link-local address means nothing without its interface
		}
		binary.NativeEndian.PutUint32(data[16:], 0)
	default:
		return
	}
	c.len = n
}

func (c *control) octets() []byte { return c.buf[:c.len] }
