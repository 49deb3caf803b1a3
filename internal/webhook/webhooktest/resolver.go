package webhooktest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// Resolver is a DNS server for one client: every name has the addresses that the
// test says, and they may change between two questions. It is safe for concurrent
// use.
type Resolver struct {
	running sync.WaitGroup // of conversations; each ends when the client hangs up

	mu      sync.Mutex // guards all below
	answers [][]netip.Addr
	asked   int
}

// NewResolver answers the first look-up of a name with the first list of
// addresses, and so on; the last list stays. An empty list is "no such name".
func NewResolver(t testing.TB, answers ...[]netip.Addr) *Resolver {
	r := &Resolver{answers: answers}
	t.Cleanup(r.running.Wait)
	return r
}

// Addrs parses addresses.
func Addrs(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParseAddr(text)
	}
	return list
}

// Lookups is how often names were looked up.
func (r *Resolver) Lookups() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// Resolver is to be used by the client under test.
func (r *Resolver) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe() // no packets, so it is spoken to as over TCP
		r.running.Go(func() { r.converse(server) })
		return client, nil
	}}
}

// converse answers questions framed by their length (RFC 1035 4.2.2).
func (r *Resolver) converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		question, err := readFramed(conn)
		if err != nil {
			return
		}
		answer := r.answer(question)
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(answer)))
		if _, err := conn.Write(append(framed, answer...)); err != nil {
			return
		}
	}
}

const (
	dnsHeader = 12
	typeA     = 1
)

// answer composes a message (RFC 1035 4.1): header, the question as it came, and
// a record for each address of the type asked for.
func (r *Resolver) answer(message []byte) []byte {
	end := dnsHeader
	for message[end] != 0 { // labels, each with its length in front
		end += int(message[end]) + 1
	}
	question := message[dnsHeader : end+5]
	asked := binary.BigEndian.Uint16(message[end+1:])
	var records []byte
	count := 0
	known := r.next(asked)
	for _, addr := range known {
		if addr.Is4() != (asked == typeA) {
			continue
		}
		count++
		records = append(records, 0xC0, dnsHeader) // the name of the question
		records = binary.BigEndian.AppendUint16(records, asked)
		records = append(records, 0, 1, 0, 0, 0, 0) // IN, to be kept for no time
		records = binary.BigEndian.AppendUint16(records, uint16(addr.BitLen()/8))
		records = append(records, addr.AsSlice()...)
	}
	flags := uint16(0x8180)
	if len(known) == 0 {
		flags |= 3 // no such name
	}
	out := append([]byte{}, message[:2]...)
	for _, field := range []uint16{flags, 1, uint16(count), 0, 0} {
		out = binary.BigEndian.AppendUint16(out, field)
	}
	return append(append(out, question...), records...)
}

// next returns the addresses of this look-up. A look-up asks for A and for AAAA,
// in any order or at once; the question for A moves on.
func (r *Resolver) next(asked uint16) []netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	current := r.answers[min(r.asked, len(r.answers)-1)]
	if asked == typeA {
		r.asked++
	}
	return current
}

func readFramed(conn net.Conn) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, errors.New("hung up")
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(conn, message)
	return message, err
}
