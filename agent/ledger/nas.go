package ledger

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// A nasIndex finds NASes by source address. It is never changed once published.
type nasIndex struct {
	byID     map[visit.NASID]*wire.NAS
	byPrefix map[netip.Prefix]*wire.NAS
	bits4    []int // prefix lengths in use, longest first
	bits6    []int
}

func newNASIndex(byID map[visit.NASID]*wire.NAS) *nasIndex {
	x := &nasIndex{byID: byID, byPrefix: make(map[netip.Prefix]*wire.NAS, len(byID))}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		prefix := unmapped(byID[id].Source)
		if _, taken := x.byPrefix[prefix]; taken || !prefix.IsValid() {
			continue // two with one source: the older id has it, on every agent alike
		}
		x.byPrefix[prefix] = byID[id]
		if prefix.Addr().Is4() {
			x.bits4 = append(x.bits4, prefix.Bits())
		} else {
			x.bits6 = append(x.bits6, prefix.Bits())
		}
	}
	x.bits4, x.bits6 = longestFirst(x.bits4), longestFirst(x.bits6)
	return x
}

func longestFirst(bits []int) []int {
	slices.Sort(bits)
	bits = slices.Compact(bits)
	slices.Reverse(bits)
	return bits
}

// unmapped turns ::ffff:10.0.0.0/104 into 10.0.0.0/8, the form addresses are
// looked up in.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

func (x *nasIndex) find(addr netip.Addr) *wire.NAS {
	addr = addr.Unmap()
	lengths := x.bits6
	if addr.Is4() {
		lengths = x.bits4
	}
	for _, bits := range lengths {
		prefix, err := addr.Prefix(bits)
		if err != nil {
			return nil // the zero Addr
		}
		if n := x.byPrefix[prefix]; n != nil {
			return n
		}
	}
	return nil
}

// NAS returns the NAS whose source network holds addr most specifically, or nil.
// It must not be changed.
func (l *Ledger) NAS(addr netip.Addr) *wire.NAS { return l.nases.Load().find(addr) }

// NASByID returns a NAS, or nil. It must not be changed.
func (l *Ledger) NASByID(id visit.NASID) *wire.NAS { return l.nases.Load().byID[id] }
