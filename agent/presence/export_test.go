package presence

import (
	"net/netip"
	"time"
)

// What tests look at from outside.
const (
	MaxSources = maxSources
	LongestFor = longestFor
	AllLongest = allLongest
)

type Brake struct{ b *brake }

func NewBrake(now func() time.Time) Brake               { return Brake{newBrake(now)} }
func (b Brake) Enter(source netip.Prefix) time.Duration { return b.b.enter(source) }
func (b Brake) Pass(source netip.Prefix)                { b.b.pass(source) }
func (b Brake) Sources() int                            { return len(b.b.sources) }

var (
	SourceOf = sourceOf
	PlaceOf  = placeOf
)
