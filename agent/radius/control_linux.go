package radius

import (
	"encoding/binary"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// control is a datagram's ancillary data. It says which of our addresses was asked:
// handed back with the answer, it makes the kernel answer from that address, as a
// NAS expects of a server with several. And it says how many datagrams the socket
// has lost for lack of room so far.
type control struct {
	buf  [128]byte
	len  int
	lost uint32
}

// askControl is a net.ListenConfig.Control.
func askControl(network, _ string, c syscall.RawConn) error {
	level, option := unix.IPPROTO_IP, unix.IP_PKTINFO
	if network == "udp6" { // also a socket for both families
		level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO
	}
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = errors.Join(
			unix.SetsockoptInt(int(fd), level, option, 1),
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1))
	})
	return errors.Join(err, failed)
}

func (c *control) room() []byte { return c.buf[:] }

// received takes in the first n octets of room, which were read.
func (c *control) received(n int) {
	c.len = 0
	for rest := c.buf[:min(n, len(c.buf))]; len(rest) >= unix.SizeofCmsghdr; {
		header, data, next, err := unix.ParseOneSocketControlMessage(rest)
		if err != nil {
			return
		}
		switch {
		case header.Level == unix.SOL_SOCKET && header.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			c.lost = binary.NativeEndian.Uint32(data)
		case asked(header, data):
			c.len = copy(c.buf[:], rest[:unix.CmsgSpace(len(data))])
		}
		rest = next
	}
}

// asked reports whether a message names our address, and takes the interface out
// of it: the way back is for routing to choose.
func asked(header unix.Cmsghdr, data []byte) bool {
	switch {
	case header.Level == unix.IPPROTO_IP && header.Type == unix.IP_PKTINFO && len(data) == unix.SizeofInet4Pktinfo:
		clear(data[:4]) // struct in_pktinfo begins with ipi_ifindex
		return true
	case header.Level == unix.IPPROTO_IPV6 && header.Type == unix.IPV6_PKTINFO && len(data) == unix.SizeofInet6Pktinfo:
		if linkLocal := data[0] == 0xfe && data[1]&0xc0 == 0x80; !linkLocal { // means nothing without it
			clear(data[16:])
		}
		return true
	}
	return false
}

func (c *control) octets() []byte { return c.buf[:c.len] }
