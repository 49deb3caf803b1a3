//go:build !linux

package radius

import "syscall"

// control says nothing where the kernel is not asked: a server with several
// addresses should then listen on one of them.
type control struct{ lost uint32 }

func askControl(_, _ string, _ syscall.RawConn) error { return nil }

func (*control) room() []byte   { return nil }
func (*control) received(int)   {}
func (*control) octets() []byte { return nil }
