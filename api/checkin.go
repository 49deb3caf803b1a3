package api

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	checkInPermission = auth.VisitsCheckIn
	// ackWithin is how long an answer waits for the site's agents.
	ackWithin = time.Second
	// passwordAgainWithin is how long the principal who checked in may see the
	// password again without the permission to reveal it.
	passwordAgainWithin = 120 * time.Second
)

// Readiness says whether the site's network already knows a voucher.
type Readiness interface {
	// WaitAcked waits until every connected, unsuspected agent of the site has
	// acknowledged the revision, or ctx ends, and returns what holds then.
	WaitAcked(ctx context.Context, site visit.SiteID, revision int64) (store.Readiness, error)
	// WatchVisit returns a channel that is sent to after each change of the
	// visit, until stop is called.
	WatchVisit(id visit.VisitID) (changed <-chan struct{}, stop func())
	// WaitNASTest waits, for seconds at most, for what the site's agents find.
	WaitNASTest(ctx context.Context, scope store.Scope, site visit.SiteID, nas visit.NASID, id string) (store.NASTest, error)
}

// Voucher is a visit's WiFi credentials as check-in answers them.
type Voucher struct {
	Username   string    `json:"username" example:"v-7k2m9qxp"`
	Password   *string   `json:"password" nullable:"true" doc:"null where this caller may not see it (again)."`
	ValidFrom  time.Time `json:"valid_from"`
	ValidUntil time.Time `json:"valid_until"`
}

// Network says whether WiFi already knows the credentials.
type Network string

// The states of the network.
const (
	NetworkReady   Network = "ready"
	NetworkPending Network = "pending"
)

type checkInAnswer struct {
	Body struct {
		Visit    Visit     `json:"visit"`
		Voucher  *Voucher  `json:"voucher,omitempty" doc:"Present once the visit is checked in."`
		Network  Network   `json:"network,omitempty" enum:"ready,pending" doc:"ready: every connected agent of the site accepts the credentials. pending: they will once an agent is back."`
		Networks []Joining `json:"networks,omitempty" doc:"How to get into the site's networks; present with credentials."`
	}
}

// checkIn always answers with credentials: see the package documentation.
func (s *Server) checkIn(ctx context.Context, in *visitAction) (*checkInAnswer, error) {
	outcome, err := s.Store.RequestCheckIn(ctx, s.keyed(ctx, in.Key, 200, "check-in", in.ID), in.ID)
	if err != nil {
		return nil, err
	}
	return s.finishCheckIn(ctx, outcome, visit.DisclosedAtCheckIn)
}

// carryOn is a context that outlives the caller: what is committed is carried
// out, though nobody may wait for the answer any more.
func carryOn(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), requestWithin)
}

// finishCheckIn carries out a committed intent and renders the answer from the
// row.
func (s *Server) finishCheckIn(ctx context.Context, outcome store.VisitOutcome, how visit.Disclosed) (*checkInAnswer, error) {
	ctx, cancel := carryOn(ctx)
	defer cancel()
	v, voucher, revision, err := s.finish(ctx, outcome, how, &atomic.Bool{})
	if err != nil {
		return nil, err
	}
	answer := &checkInAnswer{}
	answer.Body.Visit, answer.Body.Voucher = visitOf(v), voucher
	answer.Body.Network = s.network(ctx, v.SiteID, revision)
	if voucher.Password != nil {
		answer.Body.Networks = s.joining(ctx, v.SiteID)
	}
	return answer, nil
}

// finish is finishCheckIn up to the network, which has to know the revision. Where
// deaf is set, Temporal is known not to answer; it is set when that is found out.
func (s *Server) finish(ctx context.Context, outcome store.VisitOutcome, how visit.Disclosed, deaf *atomic.Bool) (visit.Visit, *Voucher, int64, error) {
	v, err := s.checkedIn(ctx, outcome.Visit, deaf)
	if err != nil {
		return v, nil, 0, err
	}
	if v.Status.Ended() {
		// A repeat of a request whose visit has ended since: nothing to hand out.
		return v, nil, 0, visit.ErrVisitEnded
	}
	credentials, voucher, err := s.credentials(ctx, outcome, how)
	if err != nil {
		return v, nil, 0, err
	}
	return v, voucherOf(voucher, credentials), voucher.Revision, nil
}

// checkedIn brings a visit whose check-in is committed to being checked in: by
// its workflow, and where that does not show in the row, by itself. A closed
// workflow answers an update without doing anything, so that only the row counts.
func (s *Server) checkedIn(ctx context.Context, v visit.Visit, deaf *atomic.Bool) (visit.Visit, error) {
	if v.CheckedInAt != nil {
		return v, nil
	}
	scope := scopeOf(auth.PrincipalOf(ctx))
	if deaf.Load() {
		s.Metrics.fallbacks.WithLabelValues("check_in").Inc()
	} else if !s.tell(ctx, "check_in", func(ctx context.Context) error { return s.Workflows.CheckIn(ctx, v.ID, v.SiteID, v.ExpectedDeparture) }) {
		deaf.Store(true)
	}
	v, err := s.Store.Visit(ctx, scope, v.ID)
	if err != nil || v.CheckedInAt != nil {
		return v, err
	}
	if _, err := s.Store.IssueVoucher(ctx, v.ID, store.Fallback); err != nil {
		return v, err
	}
	return s.Store.Visit(ctx, scope, v.ID)
}

// credentials returns the password where this caller may see it: under the same
// Idempotency-Key, to the principal who checked in within two minutes, or to
// one who may reveal. Each time is in the audit. Otherwise it is empty.
func (s *Server) credentials(ctx context.Context, outcome store.VisitOutcome, how visit.Disclosed) (visit.Credentials, visit.Voucher, error) {
	p, id := auth.PrincipalOf(ctx), outcome.Visit.ID
	by := store.Caller{Actor: p.Actor(), Scope: scopeOf(p)}
	again := outcome.Visit.CheckInRequestedBy == p.Actor() && outcome.Visit.CheckInRequestedAt != nil &&
		s.Now().Sub(*outcome.Visit.CheckInRequestedAt) <= passwordAgainWithin
	switch {
	case !outcome.Unchanged || again:
		return s.Store.HandOut(ctx, by, id, repeated(outcome, how))
	case p.Can(auth.VouchersReveal):
		return s.Store.Reveal(ctx, by, id)
	}
	credentials, voucher, err := s.Store.Credentials(ctx, id)
	credentials.Password = ""
	return credentials, voucher, err
}

// repeated is how a password is handed out by a request that may have come before.
func repeated(outcome store.VisitOutcome, how visit.Disclosed) visit.Disclosed {
	if outcome.Replayed || outcome.Unchanged {
		return visit.DisclosedAgain
	}
	return how
}

func voucherOf(v visit.Voucher, c visit.Credentials) *Voucher {
	voucher := &Voucher{Username: v.Username, ValidFrom: v.NotBefore, ValidUntil: v.NotAfter}
	if c.Password != "" {
		voucher.Password = &c.Password
	}
	return voucher
}

// network waits a little for the site's agents.
func (s *Server) network(ctx context.Context, site visit.SiteID, revision int64) Network {
	return s.networkWithin(ctx, ackWithin, site, revision)
}

// networkWithin says whether the site's agents know the revision, or do after a wait.
// That it could not be found out is no reason to withhold credentials.
func (s *Server) networkWithin(ctx context.Context, wait time.Duration, site visit.SiteID, revision int64) Network {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	readiness, err := s.Readiness.WaitAcked(ctx, site, revision)
	if err == nil && readiness.Ready() {
		return NetworkReady
	}
	return NetworkPending
}

// checkOut always revokes. It waits a little for the workflow to do it, because
// there it stands in the history, and otherwise does it itself.
func (s *Server) checkOut(ctx context.Context, in *visitAction) (*visitAnswer, error) {
	outcome, err := s.Store.RequestCheckOut(ctx, s.keyed(ctx, in.Key, 200, "check-out", in.ID), in.ID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := carryOn(ctx)
	defer cancel()
	v := outcome.Visit
	if !v.Status.Ended() {
		if v, err = s.endByWorkflow(ctx, v); err != nil {
			return nil, err
		}
	}
	if !v.Status.Ended() {
		s.Metrics.fallbacks.WithLabelValues("revoke").Inc()
		if _, err := s.Store.RevokeVoucher(ctx, in.ID, store.RevokeInput{By: store.Fallback}); err != nil {
			return nil, err
		}
		if v, err = s.Store.Visit(ctx, scopeOf(auth.PrincipalOf(ctx)), in.ID); err != nil {
			return nil, err
		}
	}
	return answerVisit(v), nil
}

// endByWorkflow signals the workflow and waits up to a second for the row to
// show the end.
func (s *Server) endByWorkflow(ctx context.Context, v visit.Visit) (visit.Visit, error) {
	changed, stop := s.Readiness.WatchVisit(v.ID)
	defer stop()
	if !s.tell(ctx, "check_out", func(ctx context.Context) error { return s.Workflows.CheckOut(ctx, v.ID, v.SiteID) }) {
		return v, nil
	}
	limit := time.NewTimer(ackWithin)
	defer limit.Stop()
	for {
		now, err := s.Store.Visit(ctx, scopeOf(auth.PrincipalOf(ctx)), v.ID)
		if err != nil || now.Status.Ended() {
			return now, err
		}
		select {
		case <-changed:
		case <-limit.C:
			return now, nil
		case <-ctx.Done():
			return now, nil
		}
	}
}

type readmitInput struct {
	VisitPath
	Keyed
	Body *Readmission
}

// Readmission may say until when the visit goes on.
type Readmission struct {
	ExpectedDeparture time.Time `json:"expected_departure,omitempty" required:"false" doc:"The site's usual stay from now when absent."`
}

// readmit continues an ended visit by a new one, checked in at once.
func (s *Server) readmit(ctx context.Context, in *readmitInput) (*checkInAnswer, error) {
	var departure time.Time
	if in.Body != nil {
		departure = in.Body.ExpectedDeparture
	}
	outcome, err := s.Store.Readmit(ctx, s.keyed(ctx, in.Key, 201, "readmit", in.ID, in.Body), in.ID, departure)
	if err != nil {
		return nil, err
	}
	return s.finishCheckIn(ctx, outcome, visit.DisclosedAtReadmit)
}

type voucherAnswer struct {
	Body struct {
		Voucher  Voucher   `json:"voucher"`
		Network  Network   `json:"network,omitempty" enum:"ready,pending"`
		Networks []Joining `json:"networks,omitempty" doc:"How to get into the site's networks; present with credentials."`
	}
}

// reveal shows the password and leaves a row in the audit.
func (s *Server) reveal(ctx context.Context, in *visitAction) (*voucherAnswer, error) {
	credentials, voucher, err := s.Store.Reveal(ctx, s.caller(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	a := &voucherAnswer{}
	a.Body.Voucher, a.Body.Networks = *voucherOf(voucher, credentials), s.joining(ctx, voucher.SiteID)
	return a, nil
}

// reissue replaces the credentials; whoever is online with the old ones is cut.
func (s *Server) reissue(ctx context.Context, in *visitAction) (*voucherAnswer, error) {
	outcome, err := s.Store.Reissue(ctx, s.keyed(ctx, in.Key, 200, "reissue", in.ID), in.ID)
	if err != nil {
		return nil, err
	}
	credentials, voucher, err := s.Store.HandOut(ctx, s.caller(ctx), in.ID, repeated(outcome, visit.DisclosedAtReissue))
	if err != nil {
		return nil, err
	}
	a := &voucherAnswer{}
	a.Body.Voucher = *voucherOf(voucher, credentials)
	a.Body.Network = s.network(ctx, outcome.Visit.SiteID, voucher.Revision)
	a.Body.Networks = s.joining(ctx, outcome.Visit.SiteID)
	return a, nil
}
