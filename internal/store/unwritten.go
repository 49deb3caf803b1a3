package store

import (
	"context"
	"log/slog"
	"time"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const unwritten = "unwritten"

func Migrate(ctx context.Context, url string) error { panic(unwritten) }
func (s *Store) Ready(ctx context.Context) error    { panic(unwritten) }

func (s *Store) Register(ctx context.Context, by Caller, r visit.Registration, o RegisterOptions) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) RequestCheckIn(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) RequestCheckOut(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Cancel(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) ConfirmLeft(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Move(ctx context.Context, by Caller, id visit.VisitID, to time.Time) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Change(ctx context.Context, by Caller, id visit.VisitID, change VisitChange) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Readmit(ctx context.Context, by Caller, id visit.VisitID, departure time.Time) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Visit(ctx context.Context, scope Scope, id visit.VisitID) (visit.Visit, error) {
	panic(unwritten)
}
func (s *Store) Detail(ctx context.Context, scope Scope, id visit.VisitID) (VisitDetail, error) {
	panic(unwritten)
}
func (s *Store) List(ctx context.Context, scope Scope, filter VisitFilter) (VisitPage, error) {
	panic(unwritten)
}
func (s *Store) Counts(ctx context.Context, scope Scope, site visit.SiteID) (Counts, error) {
	panic(unwritten)
}
func (s *Store) Evacuation(ctx context.Context, scope Scope, site visit.SiteID) ([]EvacuationEntry, error) {
	panic(unwritten)
}

func (s *Store) WorkView(ctx context.Context, id visit.VisitID) (visit.Work, error) { panic(unwritten) }
func (s *Store) IssueVoucher(ctx context.Context, id visit.VisitID, by Taker) (Issued, error) {
	panic(unwritten)
}
func (s *Store) RevokeVoucher(ctx context.Context, id visit.VisitID, in RevokeInput) (Revoked, error) {
	panic(unwritten)
}
func (s *Store) SealVisit(ctx context.Context, id visit.VisitID, in SealInput) error {
	panic(unwritten)
}
func (s *Store) PendingIntents(ctx context.Context, now time.Time, limit int) ([]Intent, error) {
	panic(unwritten)
}
func (s *Store) IntentSent(ctx context.Context, id visit.VisitID) error { panic(unwritten) }
func (s *Store) OpenVisits(ctx context.Context, after visit.VisitID, limit int) ([]OpenVisit, error) {
	panic(unwritten)
}
func (s *Store) Overdue(ctx context.Context, limit int) ([]visit.VisitID, error) { panic(unwritten) }
func (s *Store) MarkNoShows(ctx context.Context, limit int) (int, error)         { panic(unwritten) }
func (s *Store) WipeCredentials(ctx context.Context, limit int) (int, error)     { panic(unwritten) }
func (s *Store) PruneLedger(ctx context.Context) (int, error)                    { panic(unwritten) }
func (s *Store) PruneIdempotency(ctx context.Context) (int, error)               { panic(unwritten) }

// TryLead takes a deployment-wide lease by name. The lease's context ends when
// release is called or the connection that holds it is lost.
func (s *Store) TryLead(ctx context.Context, name string) (lease context.Context, release func(), ok bool, err error) {
	panic(unwritten)
}

func (s *Store) Credentials(ctx context.Context, id visit.VisitID) (visit.Credentials, visit.Voucher, error) {
	panic(unwritten)
}
func (s *Store) Reveal(ctx context.Context, by Caller, id visit.VisitID) (visit.Credentials, visit.Voucher, error) {
	panic(unwritten)
}
func (s *Store) Reissue(ctx context.Context, by Caller, id visit.VisitID) (VisitOutcome, error) {
	panic(unwritten)
}
func (s *Store) Acked(ctx context.Context, site visit.SiteID, revision int64) (Readiness, error) {
	panic(unwritten)
}

func (s *Store) CreateSite(ctx context.Context, by Caller, site visit.Site) (visit.Site, error) {
	panic(unwritten)
}
func (s *Store) Site(ctx context.Context, scope Scope, id visit.SiteID) (visit.Site, error) {
	panic(unwritten)
}
func (s *Store) Sites(ctx context.Context, scope Scope) ([]visit.Site, error) { panic(unwritten) }
func (s *Store) UpdateSite(ctx context.Context, by Caller, id visit.SiteID, change SiteChange) (visit.Site, error) {
	panic(unwritten)
}
func (s *Store) ArchiveSite(ctx context.Context, by Caller, id visit.SiteID) (visit.Site, error) {
	panic(unwritten)
}
func (s *Store) CreateNAS(ctx context.Context, by Caller, nas visit.NAS) (visit.NAS, error) {
	panic(unwritten)
}
func (s *Store) NAS(ctx context.Context, scope Scope, site visit.SiteID, id visit.NASID) (visit.NAS, error) {
	panic(unwritten)
}
func (s *Store) NASes(ctx context.Context, scope Scope, site visit.SiteID) ([]visit.NAS, error) {
	panic(unwritten)
}
func (s *Store) UpdateNAS(ctx context.Context, by Caller, site visit.SiteID, id visit.NASID, change NASChange) (visit.NAS, error) {
	panic(unwritten)
}
func (s *Store) DeleteNAS(ctx context.Context, by Caller, site visit.SiteID, id visit.NASID) error {
	panic(unwritten)
}

// CreateAgent returns the agent and its enrolment secret, which is stored as a
// hash only and is good for one hour.
func (s *Store) CreateAgent(ctx context.Context, by Caller, site visit.SiteID, name string) (Agent, []byte, error) {
	panic(unwritten)
}
func (s *Store) Agents(ctx context.Context, scope Scope, site visit.SiteID) ([]Agent, error) {
	panic(unwritten)
}
func (s *Store) WithdrawAgent(ctx context.Context, by Caller, site visit.SiteID, id visit.AgentID) error {
	panic(unwritten)
}
func (s *Store) ReleaseQuarantine(ctx context.Context, by Caller, site visit.SiteID, id visit.AgentID) error {
	panic(unwritten)
}
func (s *Store) Enrol(ctx context.Context, secretHash, spki []byte, issue func(Agent) (Certificate, error)) (Agent, Certificate, error) {
	panic(unwritten)
}
func (s *Store) CertificateAgent(ctx context.Context, serial string, spki []byte) (Agent, error) {
	panic(unwritten)
}
func (s *Store) StoreCertificate(ctx context.Context, agent visit.AgentID, certificate Certificate) error {
	panic(unwritten)
}
func (s *Store) DeploymentKey(ctx context.Context, name string, create func() (public, private []byte, err error)) (public, private []byte, err error) {
	panic(unwritten)
}

func (s *Store) Connect(ctx context.Context, agent visit.AgentID, hub string, hello wire.Hello) (epoch int64, err error) {
	panic(unwritten)
}
func (s *Store) Disconnected(ctx context.Context, agent visit.AgentID, epoch int64) error {
	panic(unwritten)
}
func (s *Store) Seen(ctx context.Context, agent visit.AgentID, epoch int64, suspect bool) error {
	panic(unwritten)
}
func (s *Store) StoreStats(ctx context.Context, agent visit.AgentID, epoch int64, stats wire.Stats) error {
	panic(unwritten)
}
func (s *Store) Ack(ctx context.Context, agent visit.AgentID, epoch int64, position wire.Position) error {
	panic(unwritten)
}
func (s *Store) LedgerFrom(ctx context.Context, site visit.SiteID, position wire.Position, limit int) (entries []*wire.Entry, known bool, err error) {
	panic(unwritten)
}
func (s *Store) Snapshot(ctx context.Context, site visit.SiteID, chunk func(part wire.Snapshot) error) error {
	panic(unwritten)
}
func (s *Store) StoreReport(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, report wire.Report) (Stored, error) {
	panic(unwritten)
}
func (s *Store) ClaimCommands(ctx context.Context, site visit.SiteID, agent visit.AgentID, epoch int64, connected []visit.AgentID) ([]wire.SessionTerminate, error) {
	panic(unwritten)
}
func (s *Store) OpenSessions(ctx context.Context, site visit.SiteID, except visit.AgentID) ([]wire.Session, error) {
	panic(unwritten)
}

func (s *Store) BeginTermination(ctx context.Context, request TerminationRequest) (result visit.TerminationResult, final bool, err error) {
	panic(unwritten)
}
func (s *Store) RetryTermination(ctx context.Context, by Caller, id visit.VisitID) (Retried, error) {
	panic(unwritten)
}
func (s *Store) FailTermination(ctx context.Context, id visit.VisitID, generation int, reason string) error {
	panic(unwritten)
}
func (s *Store) Undelivered(ctx context.Context, limit int) ([]Completion, error) { panic(unwritten) }
func (s *Store) Delivered(ctx context.Context, id visit.VisitID, generation, attempt int) error {
	panic(unwritten)
}

func (s *Store) Events(ctx context.Context, scope Scope, filter EventFilter) (EventPage, error) {
	panic(unwritten)
}

// EventsAfter returns events behind the given place of each chain, in order
// within a chain; a chain that is not named is read from its beginning.
func (s *Store) EventsAfter(ctx context.Context, scope Scope, after map[string]int64, limit int) ([]ChainEvent, error) {
	panic(unwritten)
}

// EventCursors returns the present end of each chain in the scope.
func (s *Store) EventCursors(ctx context.Context, scope Scope) (map[string]int64, error) {
	panic(unwritten)
}
func (s *Store) AuditRows(ctx context.Context, scope Scope, filter AuditFilter) (AuditPage, error) {
	panic(unwritten)
}

// AuditVerify checks one chain, or all of the scope when chain is empty.
func (s *Store) AuditVerify(ctx context.Context, scope Scope, chain string) (audit.Report, error) {
	panic(unwritten)
}

// Checkpoint signs the heads of chains that grew since their last checkpoint.
func (s *Store) Checkpoint(ctx context.Context) (int, error) { panic(unwritten) }

func (s *Store) CreateUser(ctx context.Context, by Caller, user NewUser) (User, error) {
	panic(unwritten)
}
func (s *Store) User(ctx context.Context, id string) (User, error)           { panic(unwritten) }
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) { panic(unwritten) }
func (s *Store) LoginFailed(ctx context.Context, user string) error          { panic(unwritten) }
func (s *Store) LoginSucceeded(ctx context.Context, user string) error       { panic(unwritten) }
func (s *Store) CreateLogin(ctx context.Context, login Login) error          { panic(unwritten) }
func (s *Store) Login(ctx context.Context, hash []byte) (Login, User, error) { panic(unwritten) }
func (s *Store) RevokeLogin(ctx context.Context, hash []byte) error          { panic(unwritten) }
func (s *Store) CreateToken(ctx context.Context, by Caller, token NewToken) (Token, error) {
	panic(unwritten)
}
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (Token, error) { panic(unwritten) }
func (s *Store) Tokens(ctx context.Context) ([]Token, error)                 { panic(unwritten) }
func (s *Store) RevokeToken(ctx context.Context, by Caller, id string) error { panic(unwritten) }
func (s *Store) RefusedLogins(ctx context.Context, scope Scope, site visit.SiteID, page Page) (RefusedPage, error) {
	panic(unwritten)
}

// Notifier listens on a connection of its own and wakes its subscribers.
type Notifier struct{}

// NewNotifier returns a notifier for the database; Run does the work.
func NewNotifier(url string, logger *slog.Logger) *Notifier { panic(unwritten) }

// Run listens until ctx ends, reconnecting as needed.
func (n *Notifier) Run(ctx context.Context) error { panic(unwritten) }

// Subscribe returns a channel of notifications and a function that ends the
// subscription. A subscriber that does not read loses notifications, never
// delays others, and gets one NotifyResync in their place.
func (n *Notifier) Subscribe(buffer int) (notifications <-chan Notification, cancel func()) {
	panic(unwritten)
}

// WaitAcked waits until every connected, unsuspected agent of the site has
// acknowledged the revision or ctx ends, and returns what holds then.
func (s *Store) WaitAcked(ctx context.Context, n *Notifier, site visit.SiteID, revision int64) (Readiness, error) {
	panic(unwritten)
}
