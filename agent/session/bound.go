package session

import (
	"cmp"
	"slices"
	"time"
)

// sweep forgets sessions of which nothing more is to be expected, and lets
// watchers of unknown ones ask again.
func (t *Table) sweep() {
	now := t.cfg.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.all() {
		if r.over(now) {
			t.remove(r)
		}
	}
	for w := range t.watchers {
		if t.byID[w] == nil {
			t.release(w)
		}
	}
}

func (s *state) over(now time.Time) bool {
	ended := s.endedAt()
	switch {
	case !ended.IsZero():
		return now.Sub(later(ended, s.SeenAt)) > endedFor
	case s.Replaced != nil:
		return now.Sub(s.SeenAt) > endedFor
	case s.implied():
		return now.Sub(s.until()) > time.Hour
	}
	return now.Sub(s.SeenAt) > silentFor
}

// makeRoom forgets a twentieth of all sessions: ended ones first, then logins
// without accounting, those longest silent first. Mu must be held.
func (t *Table) makeRoom() {
	now := t.cfg.Now()
	list := t.all()
	slices.SortFunc(list, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.worth(now), b.worth(now)), a.SeenAt.Compare(b.SeenAt))
	})
	for _, r := range list[:min(len(list), t.cfg.Max/20+1)] {
		if r.worth(now) > 0 {
			t.stats.Dropped++
		}
		t.remove(r)
	}
}

func (s *state) worth(now time.Time) int {
	switch {
	case !s.open(now):
		return 0
	case s.implied():
		return 1
	}
	return 2
}
