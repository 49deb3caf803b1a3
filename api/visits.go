package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// visits are the reads and the life cycle of a visit.
type visits interface {
	Register(ctx context.Context, by store.Caller, r visit.Registration, o store.RegisterOptions) (store.VisitOutcome, error)
	RequestCheckIn(ctx context.Context, by store.Caller, id visit.VisitID) (store.VisitOutcome, error)
	RequestCheckOut(ctx context.Context, by store.Caller, id visit.VisitID) (store.VisitOutcome, error)
	Visit(ctx context.Context, scope store.Scope, id visit.VisitID) (visit.Visit, error)
}

// visitChanges are what else may be done to a visit.
type visitChanges interface {
	Change(ctx context.Context, by store.Caller, id visit.VisitID, change store.VisitChange) (store.VisitOutcome, error)
	Cancel(ctx context.Context, by store.Caller, id visit.VisitID) (store.VisitOutcome, error)
	Move(ctx context.Context, by store.Caller, id visit.VisitID, to time.Time) (store.VisitOutcome, error)
	ConfirmLeft(ctx context.Context, by store.Caller, id visit.VisitID) (store.VisitOutcome, error)
	Readmit(ctx context.Context, by store.Caller, id visit.VisitID, departure time.Time) (store.VisitOutcome, error)
	Reissue(ctx context.Context, by store.Caller, id visit.VisitID) (store.VisitOutcome, error)
	RetryTermination(ctx context.Context, by store.Caller, id visit.VisitID) (store.Retried, error)
}

// Visit is a visit as staff see it.
type Visit struct {
	ID                  visit.VisitID  `json:"id"`
	SiteID              visit.SiteID   `json:"site_id"`
	PersonID            visit.PersonID `json:"person_id,omitempty" doc:"Absent when the personal data is gone."`
	ReadmitOf           visit.VisitID  `json:"readmit_of,omitempty" doc:"The visit that this one continues."`
	SeriesID            visit.SeriesID `json:"series_id,omitempty" doc:"Of the visits on other days that were registered with it."`
	Visitor             visit.Visitor  `json:"visitor"`
	Host                visit.Host     `json:"host"`
	Purpose             string         `json:"purpose,omitempty"`
	Status              visit.Status   `json:"status" enum:"pre_registered,checked_in,checked_out,expired,cancelled,no_show"`
	Presence            visit.Presence `json:"presence,omitempty" enum:"expected,in,left,unconfirmed" doc:"Where the person is, as far as anybody said. Not the same as access."`
	ExpectedArrival     time.Time      `json:"expected_arrival"`
	ExpectedDeparture   time.Time      `json:"expected_departure"`
	CheckInRequestedAt  *time.Time     `json:"check_in_requested_at,omitempty"`
	CheckedInAt         *time.Time     `json:"checked_in_at,omitempty"`
	CheckOutRequestedAt *time.Time     `json:"check_out_requested_at,omitempty"`
	EndedAt             *time.Time     `json:"ended_at,omitempty"`
	EndedBy             string         `json:"ended_by,omitempty" doc:"Who or what ended it: user:…, token:…, timer, operator:temporal, system:sweeper."`
	LeftAt              *time.Time     `json:"left_at,omitempty"`
	SealedAt            *time.Time     `json:"sealed_at,omitempty" doc:"When its record was closed."`
	PurgedAt            *time.Time     `json:"purged_at,omitempty" doc:"When its personal data was deleted."`
	RulesVersion        int            `json:"rules_version,omitempty" doc:"Of the site's rules that the visitor agreed to at a kiosk."`
	RulesAcceptedAt     *time.Time     `json:"rules_accepted_at,omitempty"`
	RulesAcceptedBy     string         `json:"rules_accepted_by,omitempty" doc:"Which kiosk: kiosk:…"`
	SyncCRM             bool           `json:"sync_crm" doc:"Whether the visit may be handed to the site's CRM."`
	CreatedAt           time.Time      `json:"created_at"`
	UpdatedAt           time.Time      `json:"updated_at"`
}

func visitOf(v visit.Visit) Visit {
	return Visit{
		ID: v.ID, SiteID: v.SiteID, PersonID: v.PersonID, ReadmitOf: v.ReadmitOf, SeriesID: v.SeriesID, Visitor: v.Visitor, Host: v.Host, Purpose: v.Purpose,
		Status: v.Status, Presence: v.Presence, ExpectedArrival: v.ExpectedArrival, ExpectedDeparture: v.ExpectedDeparture,
		CheckInRequestedAt: v.CheckInRequestedAt, CheckedInAt: v.CheckedInAt, CheckOutRequestedAt: v.CheckOutRequestedAt,
		EndedAt: v.EndedAt, EndedBy: v.EndedBy, LeftAt: v.LeftAt, SealedAt: v.SealedAt, PurgedAt: v.PurgedAt,
		RulesVersion: v.RulesVersion, RulesAcceptedAt: v.RulesAcceptedAt, RulesAcceptedBy: v.RulesAcceptedBy,
		SyncCRM: !v.CRMSkip, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt,
	}
}

// Keyed is embedded by every request that changes a visit. (What requests embed
// is exported because huma reads exported fields only.)
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"200" doc:"A repeat with the same key and body gets the first answer again; with another body it is refused."`
}

// VisitPath is embedded by every request about one visit.
type VisitPath struct {
	ID visit.VisitID `path:"id" format:"uuid"`
}

type visitAnswer struct {
	Body struct {
		Visit Visit `json:"visit"`
	}
}

func answerVisit(v visit.Visit) *visitAnswer {
	a := &visitAnswer{}
	a.Body.Visit = visitOf(v)
	return a
}

type visitorInput struct {
	FirstName string `json:"first_name,omitempty" maxLength:"200" example:"Ada"`
	LastName  string `json:"last_name,omitempty" maxLength:"200" example:"Quill"`
	Email     string `json:"email,omitempty" maxLength:"254" example:"ada@example.org"`
	Phone     string `json:"phone,omitempty" maxLength:"40" example:"+49 30 901820"`
	Company   string `json:"company,omitempty" maxLength:"200" example:"Quill & Co"`
}

type hostInput struct {
	Name  string `json:"name,omitempty" maxLength:"200"`
	Email string `json:"email,omitempty" maxLength:"254"`
}

// VisitOf is a visit to be, but for its time.
type VisitOf struct {
	SiteID   visit.SiteID   `json:"site_id" format:"uuid"`
	PersonID visit.PersonID `json:"person_id,omitempty" format:"uuid" doc:"A known person; without it a new one is made."`
	Visitor  visitorInput   `json:"visitor"`
	Host     hostInput      `json:"host,omitempty"`
	Purpose  string         `json:"purpose,omitempty" maxLength:"500"`
	SyncCRM  *bool          `json:"sync_crm,omitempty" doc:"false: the visit stays out of the site's CRM."`
}

func (v VisitOf) registration() visit.Registration {
	return visit.Registration{
		SiteID: v.SiteID, Visitor: visit.Visitor(v.Visitor), Host: visit.Host(v.Host), Purpose: v.Purpose,
		CRMSkip: v.SyncCRM != nil && !*v.SyncCRM,
	}
}

// NewVisit is a visit to be.
type NewVisit struct {
	VisitOf
	ExpectedArrival   time.Time `json:"expected_arrival,omitempty" required:"false" doc:"Now when absent."`
	ExpectedDeparture time.Time `json:"expected_departure,omitempty" required:"false" doc:"The site's usual stay after the arrival when absent."`
}

func (v NewVisit) registration() visit.Registration {
	r := v.VisitOf.registration()
	r.ExpectedArrival, r.ExpectedDeparture = v.ExpectedArrival, v.ExpectedDeparture
	return r
}

type registerInput struct {
	Keyed
	Body struct {
		NewVisit
		CheckIn bool `json:"check_in,omitempty" doc:"A walk-in: checked in at once, answered as check-in."`
	}
}

// register makes a visit; a walk-in is checked in by the same request.
func (s *Server) register(ctx context.Context, in *registerInput) (*checkInAnswer, error) {
	b := in.Body
	if b.CheckIn && !auth.PrincipalOf(ctx).Can(checkInPermission) {
		return nil, errForbidden
	}
	outcome, err := s.Store.Register(ctx, s.keyed(ctx, in.Key, 201, "register", b), b.registration(),
		store.RegisterOptions{CheckIn: b.CheckIn, PersonID: b.PersonID})
	if err != nil {
		return nil, err
	}
	if !b.CheckIn {
		a := &checkInAnswer{}
		a.Body.Visit = visitOf(outcome.Visit)
		return a, nil
	}
	return s.finishCheckIn(ctx, outcome, visit.DisclosedAtCheckIn)
}

// VisitorChange names what to change of a visitor.
type VisitorChange struct {
	FirstName *string `json:"first_name,omitempty" maxLength:"200"`
	LastName  *string `json:"last_name,omitempty" maxLength:"200"`
	Email     *string `json:"email,omitempty" maxLength:"254"`
	Phone     *string `json:"phone,omitempty" maxLength:"40"`
	Company   *string `json:"company,omitempty" maxLength:"200"`
}

// HostChange names what to change of a host.
type HostChange struct {
	Name  *string `json:"name,omitempty" maxLength:"200"`
	Email *string `json:"email,omitempty" maxLength:"254"`
}

type changeInput struct {
	VisitPath
	Keyed
	Body struct {
		Visitor           VisitorChange `json:"visitor,omitempty"`
		Host              HostChange    `json:"host,omitempty"`
		Purpose           *string       `json:"purpose,omitempty" maxLength:"500"`
		ExpectedArrival   *time.Time    `json:"expected_arrival,omitempty" doc:"Only before the check-in."`
		ExpectedDeparture *time.Time    `json:"expected_departure,omitempty" doc:"Only before the check-in; extend a running visit instead."`
		SyncCRM           *bool         `json:"sync_crm,omitempty" doc:"false: the visit stays out of the site's CRM."`
	}
}

func (s *Server) changeVisit(ctx context.Context, in *changeInput) (*visitAnswer, error) {
	b := in.Body
	var skip *bool
	if b.SyncCRM != nil {
		skip = new(!*b.SyncCRM)
	}
	outcome, err := s.Store.Change(ctx, s.keyed(ctx, in.Key, 200, "change", in.ID, b), in.ID, store.VisitChange{
		CRMSkip:   skip,
		FirstName: b.Visitor.FirstName, LastName: b.Visitor.LastName, Email: b.Visitor.Email, Phone: b.Visitor.Phone, Company: b.Visitor.Company,
		HostName: b.Host.Name, HostEmail: b.Host.Email, Purpose: b.Purpose,
		ExpectedArrival: b.ExpectedArrival, ExpectedDeparture: b.ExpectedDeparture,
	})
	if err != nil {
		return nil, err
	}
	return answerVisit(outcome.Visit), nil
}

type visitAction struct {
	VisitPath
	Keyed
}

// act runs one of the changes that need nothing but the visit.
func (s *Server) act(ctx context.Context, in *visitAction, name string,
	do func(context.Context, store.Caller, visit.VisitID) (store.VisitOutcome, error),
) (*visitAnswer, error) {
	outcome, err := do(ctx, s.keyed(ctx, in.Key, 200, name, in.ID), in.ID)
	if err != nil {
		return nil, err
	}
	return answerVisit(outcome.Visit), nil
}

func (s *Server) cancel(ctx context.Context, in *visitAction) (*visitAnswer, error) {
	return s.act(ctx, in, "cancel", s.Store.Cancel)
}

func (s *Server) confirmLeft(ctx context.Context, in *visitAction) (*visitAnswer, error) {
	return s.act(ctx, in, "confirm-left", s.Store.ConfirmLeft)
}

type extendInput struct {
	VisitPath
	Keyed
	Body struct {
		ExpectedDeparture time.Time `json:"expected_departure"`
	}
}

// extend moves the departure. The row, the voucher and the ledger have changed
// when this answers; the workflow's timer is lazy and asks the row anyway, so
// that a signal that does not get through costs nothing but a late look.
func (s *Server) extend(ctx context.Context, in *extendInput) (*visitAnswer, error) {
	outcome, err := s.Store.Move(ctx, s.keyed(ctx, in.Key, 200, "extend", in.ID, in.Body), in.ID, in.Body.ExpectedDeparture)
	if err != nil {
		return nil, err
	}
	if v := outcome.Visit; v.Status == visit.CheckedIn {
		s.tell(ctx, "departure_changed", func(ctx context.Context) error {
			return s.Workflows.DepartureChanged(ctx, v.ID, v.ExpectedDeparture)
		})
	}
	return answerVisit(outcome.Visit), nil
}

type terminateAnswer struct {
	Body struct {
		Visit      Visit `json:"visit"`
		Generation int   `json:"generation" doc:"Which round of ending its sessions this is."`
	}
}

// terminate retries ending the visit's sessions now.
func (s *Server) terminate(ctx context.Context, in *visitAction) (*terminateAnswer, error) {
	caller := s.keyed(ctx, in.Key, 200, "terminate", in.ID)
	retried, err := s.Store.RetryTermination(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	running := true
	if !retried.Sealed {
		told := s.tell(ctx, "retry_termination", func(ctx context.Context) (err error) {
			running, err = s.Workflows.RetryTermination(ctx, retried.Visit.ID, retried.Generation)
			return err
		})
		if !told { // nobody repeats this one: the round under way goes on, "now" it is not
			return nil, errRetryNotTold
		}
	}
	if !running {
		// The visit may have been sealed between the two: then the store
		// starts the round itself.
		caller.Idempotency = nil
		if retried, err = s.Store.RetryTermination(ctx, caller, in.ID); err != nil {
			return nil, err
		}
	}
	a := &terminateAnswer{}
	a.Body.Visit, a.Body.Generation = visitOf(retried.Visit), retried.Generation
	return a, nil
}

var errRetryNotTold = visit.Errorf(visit.KindUnavailable, "unavailable",
	"Temporal does not answer. The sessions are still being ended at the usual pace; try again in a moment.")

// tellWithin bounds telling a workflow what is committed already.
const tellWithin = 2 * time.Second

// tell informs the workflow and reports whether it heard. A check-in or check-out
// that it did not hear the sweeper repeats, and a moved departure it finds in the
// row; for anything else the caller answers.
func (s *Server) tell(ctx context.Context, step string, say func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	err := say(ctx)
	if err != nil {
		s.Metrics.fallbacks.WithLabelValues(step).Inc()
		s.Logger.WarnContext(ctx, "workflow not told", "step", step, "error", err)
	}
	return err == nil
}
