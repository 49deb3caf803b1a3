package api

import (
	"slices"
	"time"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// Termination is one attempt to end one session, as far as it brought news.
type Termination struct {
	SessionID  visit.SessionID            `json:"session_id,omitempty"`
	NASID      visit.NASID                `json:"nas_id,omitempty"`
	Generation int                        `json:"generation,omitempty" doc:"Absent where the agent acted by itself."`
	Attempt    int                        `json:"attempt,omitempty"`
	State      visit.TerminationState     `json:"state" enum:"requested,accepted,confirmed,absent,unconfirmed,failed,left_to_timeout"`
	Reason     visit.TerminationReason    `json:"reason,omitempty"`
	Until      *time.Time                 `json:"until,omitempty"`
	At         time.Time                  `json:"at"`
	NextTryAt  *time.Time                 `json:"next_try_at" nullable:"true" doc:"When the session's NAS is asked again; null where nothing is scheduled: an attempt is under way, all is done, or it was given up."`
	Attempts   []visit.TerminationAttempt `json:"attempts" doc:"The requests that this attempt added to those of the rows before."`

	done bool
}

// terminationsOf makes of the results as they came in what people read: a row an
// attempt. A session's end is told by the agent itself and again in its answer to the
// command, and a result repeats the requests of those before it.
func terminationsOf(d store.VisitDetail) []Termination {
	rows := make([]Termination, 0, len(d.Terminations))
	last := map[visit.SessionID]int{} // a session's newest row
	told := map[visit.SessionID]map[time.Time]bool{}
	for _, r := range d.Terminations {
		t, id := terminationOf(r), r.SessionID
		if told[id] == nil {
			told[id] = map[time.Time]bool{}
		}
		t.Attempts = slices.DeleteFunc(slices.Clone(t.Attempts), func(a visit.TerminationAttempt) bool { return told[id][a.At] })
		for _, a := range t.Attempts {
			told[id][a.At] = true
		}
		if i, ok := last[id]; ok && id != "" && rows[i].says(t) {
			rows[i].Generation, rows[i].Attempt = max(rows[i].Generation, t.Generation), max(rows[i].Attempt, t.Attempt)
			continue
		}
		last[id], rows = len(rows), append(rows, t)
	}
	if d.Retry != nil {
		for _, x := range d.Sessions {
			if i, ok := last[x.ID]; ok && x.EndedAt == nil && !rows[i].done {
				rows[i].NextTryAt = &d.Retry.At
			}
		}
	}
	return rows
}

// says reports whether next, which came after t, tells nothing that t does not.
func (t Termination) says(next Termination) bool {
	same := next.State == t.State && next.Reason == t.Reason
	return len(next.Attempts) == 0 && (same || t.done && next.done)
}

func terminationOf(t store.Termination) Termination {
	return Termination{
		SessionID: t.SessionID, NASID: t.NASID, Generation: t.Generation, Attempt: t.Attempt, done: t.Done(),
		State: t.State, Reason: t.Reason, Until: t.Until, At: t.At, Attempts: append([]visit.TerminationAttempt{}, t.Attempts...),
	}
}
