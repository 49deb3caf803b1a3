//go:build !linux

package radius

import "syscall"

// control is empty where the kernel is not asked for a datagram's destination: a
// server with several addresses should then listen on one of them.
type control struct{}

func askLocalAddress(_, _ string, _ syscall.RawConn) error { return nil }

func (*control) room() []byte   { return nil }
func (*control) received(int)   {}
func (*control) octets() []byte { return nil }
