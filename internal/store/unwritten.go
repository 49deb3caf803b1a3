package store

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

const unwritten = "unwritten"

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
