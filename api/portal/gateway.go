package portal

import (
	"io"
	"net/http"

	"github.com/foyerhq/foyer/internal/gate"
)

// authmon answers the daemon of an openNDS gateway that collects who may go in. See
// gate.Poll for what it proves, and what not.
func (q *request) authmon() {
	poll, ok := gate.ParsePoll(q.form)
	if !ok || q.portal.Vendor != gate.OpenNDS {
		q.say(http.StatusBadRequest, "unreadable")
		return
	}
	ctx := q.r.Context()
	waiting, err := q.Store.QueuedOpenings(ctx, q.portal.ID, poll.Gateway)
	if err != nil {
		q.fail(err)
		return
	}
	body, done := poll.Answer(waiting)
	if len(done) > 0 {
		if err := q.Store.CollectOpenings(ctx, q.portal.ID, done); err != nil {
			q.fail(err)
			return
		}
	}
	q.Metrics.shown("authmon")
	q.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	q.w.Header().Set("Cache-Control", "no-store")
	q.w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(q.w, body) //nolint:gosec // plain text of ours and nosniff; the gateway asks again
}
