package hub

import (
	"context"

	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Followed is what a link reads and writes on behalf of its agent. Methods that
// take an epoch return visit.ErrStaleEpoch when a later connection acts for it.
type Followed interface {
	Connect(ctx context.Context, agent visit.AgentID, hub string, hello wire.Hello) (epoch int64, err error)
	Disconnected(ctx context.Context, agent visit.AgentID, epoch int64) error
	Seen(ctx context.Context, agent visit.AgentID, epoch int64, suspect bool) error
	Ack(ctx context.Context, agent visit.AgentID, epoch int64, pos wire.Position) error
	StoreStats(ctx context.Context, agent visit.AgentID, epoch int64, stats wire.Stats) error
}

// Ledger is the site's desired state and what its agents are asked to do.
type Ledger interface {
	LedgerFrom(ctx context.Context, site visit.SiteID, pos wire.Position, limit int) (entries []*wire.Entry, known bool, err error)
	Snapshot(ctx context.Context, site visit.SiteID, part func(wire.Snapshot) error) error
	ClaimCommands(ctx context.Context, site visit.SiteID, agent visit.AgentID, epoch int64, connected []visit.AgentID) ([]wire.SessionTerminate, error)
	OpenSessions(ctx context.Context, site visit.SiteID, except visit.AgentID) ([]wire.Session, error)
	ClaimNASTests(ctx context.Context, agent visit.AgentID, epoch int64) ([]wire.NASTest, error)
	AnswerNASTest(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, answer wire.NASTested) error
	PresenceMark(ctx context.Context, site visit.SiteID) (int64, error)
	Presence(ctx context.Context, site visit.SiteID) (store.Presence, error)
	StoreReport(ctx context.Context, agent visit.AgentID, site visit.SiteID, epoch int64, report wire.Report) (store.Stored, error)
}

// Registry is how agents become known.
type Registry interface {
	Enrol(ctx context.Context, secretHash, spki []byte, issue func(store.Agent) (store.Certificate, error)) (store.Agent, store.Certificate, error)
	CertificateAgent(ctx context.Context, serial string, spki []byte) (store.Agent, error)
	StoreCertificate(ctx context.Context, agent visit.AgentID, epoch int64, certificate store.Certificate) error
	DeploymentKey(ctx context.Context, name string, create func() (public, private []byte, err error)) (public, private []byte, err error)
}

// Notifications wake followers and close links that lost their right.
type Notifications interface {
	Subscribe(buffer int) (notifications <-chan store.Notification, cancel func())
}
