package store

import "github.com/foyerhq/foyer/internal/wire"

// Stored is what StoreReport did.
type Stored struct {
	Sequence    uint64            // of the journal; everything up to it is stored or deliberately skipped
	Completions []Completion      // results to hand to waiting activities
	Open        []wire.Session    // sessions that began or changed, for the site's other agents
	Closed      []wire.SessionKey // sessions that ended
	Skipped     int               // records that name what does not exist (any more)
}
