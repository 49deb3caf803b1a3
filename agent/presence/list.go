package presence

import (
	"errors"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// maxPeople bounds a list that is still coming in.
const maxPeople = 50_000

// list is what the agent knows. It is replaced, never changed.
type list struct {
	Version  string                 `json:"version"` // empty: the names are deleted
	AsOf     time.Time              `json:"as_of"`
	Settings *wire.PresenceSettings `json:"settings"` // nil: nothing is shown
	People   []wire.PresentPerson   `json:"people,omitempty"`
}

// due reports whether the names have to go.
func (l *list) due(now time.Time) bool {
	return l.Version != "" && !now.Before(l.AsOf.Add(visit.OfflineKeptFor))
}

// at is the list as it may be shown now.
func (l *list) at(now time.Time) *list {
	if l.due(now) {
		return &list{AsOf: l.AsOf, Settings: l.Settings}
	}
	return l
}

// incoming is a list of which not all parts have come.
type incoming struct {
	list
	part int // the next one
}

var errPart = errors.New("a part of the list of who is in the building does not fit")

// add takes the next part and returns the list once it is complete. A part 0 begins
// anew.
func (i *incoming) add(f *wire.PresenceSnapshot) (*list, error) {
	if f.Part == 0 {
		*i = incoming{list: list{Version: f.Version, AsOf: f.AsOf, Settings: f.Settings}}
	}
	if f.Part != i.part || f.Version != i.Version || len(i.People)+len(f.People) > maxPeople {
		*i = incoming{}
		return nil, errPart
	}
	i.part++
	i.People = append(i.People, f.People...)
	if !f.Last {
		return nil, nil
	}
	complete := i.list
	*i = incoming{}
	if complete.Settings == nil || complete.Version == "" {
		return &list{}, nil
	}
	return &complete, nil
}
