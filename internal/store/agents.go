package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// Agent is our process on a site's LAN, as the server knows it.
type Agent struct {
	ID                 visit.AgentID
	SiteID             visit.SiteID
	Name               string
	EnrolmentExpiresAt *time.Time // of the token, used or not
	EnrolledAt         *time.Time
	Epoch              int64
	Hub                string // the replica that holds its link; empty: not connected
	ConnectedAt        *time.Time
	DisconnectedAt     *time.Time
	LastSeenAt         *time.Time
	SuspectSince       *time.Time
	Version            string
	AckedRevision      int64
	SiteRevision       int64 // the site's own; lag = SiteRevision − AckedRevision
	Stats              *wire.Stats
	QuarantinedAt      *time.Time
	WithdrawnAt        *time.Time
	CreatedAt          time.Time
	// CertificateNotAfter is the end of the newest certificate; nil before enrolment.
	CertificateNotAfter *time.Time
}

// Certificate is an agent's certificate. Nothing of it is secret.
type Certificate struct {
	Serial   string
	SPKI     []byte // SHA-256 of the subject's public key info
	DER      []byte
	NotAfter time.Time
}

const (
	enrolmentFor  = time.Hour
	enrolmentSize = 32 // octets of the secret
)

// Refusals of enrolment and connecting.
var (
	ErrEnrolment   = visit.Errorf(visit.KindUnauthenticated, "enrolment_refused", "The enrolment token is unknown, used or older than an hour.")
	ErrQuarantined = visit.Errorf(visit.KindForbidden, "agent_quarantined", "The agent was replaced too often; an operator decides.")
)

type agentRow struct {
	ID                 visit.AgentID `db:"id"`
	SiteID             visit.SiteID  `db:"site_id"`
	Name               string        `db:"name"`
	EnrolmentExpiresAt *time.Time    `db:"enrolment_expires_at"`
	EnrolledAt         *time.Time    `db:"enrolled_at"`
	EnrolledSPKI       []byte        `db:"enrolled_spki"`
	Epoch              int64         `db:"epoch"`
	Hub                *string       `db:"hub"`
	ConnectedAt        *time.Time    `db:"connected_at"`
	DisconnectedAt     *time.Time    `db:"disconnected_at"`
	LastSeenAt         *time.Time    `db:"last_seen_at"`
	SuspectSince       *time.Time    `db:"suspect_since"`
	Version            string        `db:"version"`
	AckedRevision      int64         `db:"acked_revision"`
	SiteRevision       int64         `db:"site_revision"`
	Stats              []byte        `db:"stats"`
	ReplacedAt         []time.Time   `db:"replaced_at"`
	QuarantinedAt      *time.Time    `db:"quarantined_at"`
	WithdrawnAt        *time.Time    `db:"withdrawn_at"`
	CreatedAt          time.Time     `db:"created_at"`

	CertificateNotAfter *time.Time `db:"certificate_not_after"`
}

const agentColumns = `v.id, v.site_id, v.name, v.enrolment_expires_at, v.enrolled_at, v.enrolled_spki, v.epoch, v.hub,
	v.connected_at, v.disconnected_at, v.last_seen_at, v.suspect_since, v.version, v.acked_revision,
	(select h.revision from site_heads h where h.site_id = v.site_id) as site_revision,
	v.stats, v.replaced_at, v.quarantined_at, v.withdrawn_at, v.created_at,
	(select max(k.not_after) from agent_certificates k where k.agent_id = v.id) as certificate_not_after`

func (r agentRow) agent() Agent {
	a := Agent{
		ID: r.ID, SiteID: r.SiteID, Name: r.Name, EnrolmentExpiresAt: r.EnrolmentExpiresAt, EnrolledAt: r.EnrolledAt,
		Epoch: r.Epoch, Hub: value(r.Hub), ConnectedAt: r.ConnectedAt, DisconnectedAt: r.DisconnectedAt,
		LastSeenAt: r.LastSeenAt, SuspectSince: r.SuspectSince, Version: r.Version,
		AckedRevision: r.AckedRevision, SiteRevision: r.SiteRevision,
		QuarantinedAt: r.QuarantinedAt, WithdrawnAt: r.WithdrawnAt, CreatedAt: r.CreatedAt,
		CertificateNotAfter: r.CertificateNotAfter,
	}
	var stats wire.Stats
	if len(r.Stats) > 0 && json.Unmarshal(r.Stats, &stats) == nil {
		a.Stats = &stats
	}
	return a
}

// lockAgent returns an agent that has not been withdrawn.
func (t *tx) lockAgent(ctx context.Context, scope Scope, id visit.AgentID) (agentRow, error) {
	const find = `select ` + agentColumns + ` from agents v where v.id = @id and v.withdrawn_at is null and ` + inScope + ` for no key update of v`
	return one[agentRow](ctx, t, visit.ErrAgentNotFound, find, scope.args(pgx.NamedArgs{"id": id}))
}

// CreateAgent returns the agent and its enrolment secret, which is stored as a
// hash only and is good for one hour.
func (s *Store) CreateAgent(ctx context.Context, by Caller, site visit.SiteID, name string) (Agent, []byte, error) {
	secret := make([]byte, enrolmentSize)
	if _, err := io.ReadFull(s.rand, secret); err != nil {
		return Agent{}, nil, err
	}
	hash := sha256.Sum256(secret)
	row := agentRow{SiteID: site, Name: strings.TrimSpace(name)}
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		found, err := findSite(ctx, t, by.Scope, site)
		if err != nil {
			return err
		}
		if found.ArchivedAt != nil {
			return visit.ErrSiteArchived
		}
		id, err := s.newID()
		if err != nil {
			return err
		}
		row.ID, row.CreatedAt, row.EnrolmentExpiresAt = visit.AgentID(id), t.now, new(t.now.Add(enrolmentFor))
		const insert = `insert into agents (id, site_id, name, enrolment_hash, enrolment_expires_at, created_at)
			values (@id, @site, @name, @hash, @expires, @now)`
		t.audit(site, by.Actor, "agent.created", "agent:"+id, nil)
		_, err = t.Exec(ctx, insert, pgx.NamedArgs{
			"id": row.ID, "site": site, "name": row.Name, "hash": hash[:], "expires": row.EnrolmentExpiresAt, "now": t.now,
		})
		return err
	})
	if err != nil {
		return Agent{}, nil, err
	}
	return row.agent(), secret, nil
}

// Agents returns a site's agents by name, withdrawn ones left out, or
// ErrSiteNotFound.
func (s *Store) Agents(ctx context.Context, scope Scope, site visit.SiteID) ([]Agent, error) {
	agents := []Agent{}
	err := s.query(ctx, func(ctx context.Context, q db) error {
		if _, err := findSite(ctx, q, scope, site); err != nil {
			return err
		}
		const list = `select ` + agentColumns + ` from agents v where v.site_id = @site and v.withdrawn_at is null order by lower(v.name), v.id`
		rows, err := all[agentRow](ctx, q, list, pgx.NamedArgs{"site": site})
		for _, row := range rows {
			agents = append(agents, row.agent())
		}
		return err
	})
	return agents, err
}

// WithdrawAgent takes the deployment's trust away: certificates, token and epoch.
// Hubs are woken to cut a live link.
func (s *Store) WithdrawAgent(ctx context.Context, by Caller, site visit.SiteID, id visit.AgentID) error {
	const update = `update agents set withdrawn_at = @now, enrolment_hash = null, enrolment_expires_at = null,
		epoch = epoch + 1, hub = null, disconnected_at = @now, suspect_since = null where id = @id`
	return s.onAgent(ctx, by, site, id, "agent.withdrawn", update)
}

// ReleaseQuarantine lets an agent that was replaced too often connect again.
func (s *Store) ReleaseQuarantine(ctx context.Context, by Caller, site visit.SiteID, id visit.AgentID) error {
	const update = `update agents set quarantined_at = null, replaced_at = '{}' where id = @id`
	return s.onAgent(ctx, by, site, id, "agent.quarantine_released", update)
}

func (s *Store) onAgent(ctx context.Context, by Caller, site visit.SiteID, id visit.AgentID, action, update string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAgent(ctx, by.Scope, id)
		if err != nil {
			return err
		}
		if row.SiteID != site {
			return visit.ErrAgentNotFound
		}
		t.audit(site, by.Actor, action, "agent:"+string(id), nil)
		t.notify(NotifyAgent, site, string(id))
		_, err = t.Exec(ctx, update, pgx.NamedArgs{"id": id, "now": t.now})
		return err
	})
}

// Enrol exchanges an enrolment secret, given as its SHA-256, for a certificate
// of the key whose SHA-256 is spki. issue signs it, inside the transaction. The
// same secret with the same key within the token's hour returns the same
// certificate; everything else is ErrEnrolment.
func (s *Store) Enrol(ctx context.Context, secretHash, spki []byte, issue func(Agent) (Certificate, error)) (Agent, Certificate, error) {
	var agent Agent
	var certificate Certificate
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		const find = `select ` + agentColumns + ` from agents v
			where v.enrolment_hash = @hash and v.enrolment_expires_at > @now and v.withdrawn_at is null for no key update of v`
		row, err := one[agentRow](ctx, t, ErrEnrolment, find, pgx.NamedArgs{"hash": secretHash, "now": t.now})
		if err != nil {
			return err
		}
		agent = row.agent()
		if row.EnrolledAt != nil {
			certificate, err = t.enrolledBefore(ctx, row, spki)
			return err
		}
		if certificate, err = issue(agent); err != nil {
			return err
		}
		return t.enrol(ctx, row, spki, certificate)
	})
	return agent, certificate, err
}

func (t *tx) enrolledBefore(ctx context.Context, row agentRow, spki []byte) (Certificate, error) {
	if subtle.ConstantTimeCompare(row.EnrolledSPKI, spki) != 1 {
		return Certificate{}, ErrEnrolment
	}
	const first = `select serial, spki_sha256 as spki, certificate as der, not_after from agent_certificates
		where agent_id = @agent and spki_sha256 = @spki order by created_at limit 1`
	return one[Certificate](ctx, t, ErrEnrolment, first, pgx.NamedArgs{"agent": row.ID, "spki": spki})
}

func (t *tx) enrol(ctx context.Context, row agentRow, spki []byte, certificate Certificate) error {
	const update = `update agents set enrolled_at = @now, enrolled_spki = @spki where id = @id`
	if _, err := t.Exec(ctx, update, pgx.NamedArgs{"id": row.ID, "spki": spki, "now": t.now}); err != nil {
		return err
	}
	t.audit(row.SiteID, "agent:"+string(row.ID), "agent.enrolled", "agent:"+string(row.ID), nil)
	return t.insertCertificate(ctx, row.ID, certificate)
}

func (t *tx) insertCertificate(ctx context.Context, agent visit.AgentID, c Certificate) error {
	const insert = `insert into agent_certificates (serial, agent_id, spki_sha256, certificate, not_after, created_at)
		values (@serial, @agent, @spki, @der, @not_after, @now)`
	_, err := t.Exec(ctx, insert, pgx.NamedArgs{
		"serial": c.Serial, "agent": agent, "spki": c.SPKI, "der": c.DER, "not_after": c.NotAfter, "now": t.now,
	})
	return err
}

// StoreCertificate adds a renewed certificate. The old one stays good until its
// end: which of the two the agent keeps is its business. It returns ErrStaleEpoch.
func (s *Store) StoreCertificate(ctx context.Context, agent visit.AgentID, epoch int64, certificate Certificate) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		row, err := t.lockAgent(ctx, Everything, agent)
		if err != nil {
			return err
		}
		if row.Epoch != epoch || row.Hub == nil {
			return visit.ErrStaleEpoch
		}
		t.audit(row.SiteID, "agent:"+string(agent), "agent.certificate_renewed", "agent:"+string(agent), nil)
		return t.insertCertificate(ctx, agent, certificate)
	})
}

// CertificateAgent returns the agent that a certificate, named by its serial and
// the SHA-256 of its key, was issued to. It returns ErrAgentNotFound when there
// is none or it is over, which a restored backup can make of any; ErrAgentWithdrawn
// when an operator withdrew the agent; ErrQuarantined with the agent.
func (s *Store) CertificateAgent(ctx context.Context, serial string, spki []byte) (Agent, error) {
	type certified struct {
		agentRow
		SPKI []byte `db:"spki_sha256"`
	}
	var row certified
	err := s.query(ctx, func(ctx context.Context, q db) (err error) {
		const find = `select ` + agentColumns + `, c.spki_sha256 from agents v join agent_certificates c on c.agent_id = v.id
			where c.serial = @serial and c.not_after > @now`
		row, err = one[certified](ctx, q, visit.ErrAgentNotFound, find, pgx.NamedArgs{"serial": serial, "now": s.now()})
		return err
	})
	switch {
	case err != nil:
		return Agent{}, err
	case subtle.ConstantTimeCompare(row.SPKI, spki) != 1:
		return Agent{}, visit.ErrAgentNotFound
	case row.WithdrawnAt != nil:
		return Agent{}, visit.ErrAgentWithdrawn
	case row.QuarantinedAt != nil:
		return row.agent(), ErrQuarantined
	}
	return row.agent(), nil
}

// DeploymentKey returns a key pair of the deployment, which create makes once.
// The private half is sealed at rest.
func (s *Store) DeploymentKey(ctx context.Context, name string, create func() (public, private []byte, err error)) (public, private []byte, err error) {
	type keyRow struct{ Public, PrivateSealed []byte }
	const find = `select public, private_sealed from deployment_keys where name = @name`
	place := "deployment_key:" + name
	err = s.write(ctx, func(ctx context.Context, t *tx) error {
		// Two replicas that start at once must not both make one.
		if _, err := t.Exec(ctx, `select pg_advisory_xact_lock(@class, hashtext(@place))`, pgx.NamedArgs{"class": leaseClass, "place": place}); err != nil {
			return err
		}
		rows, err := all[keyRow](ctx, t, find, pgx.NamedArgs{"name": name})
		if err != nil {
			return err
		}
		if len(rows) == 1 {
			public = bytes.Clone(rows[0].Public)
			private, err = s.keyring.Open(rows[0].PrivateSealed, place)
			return err
		}
		if public, private, err = create(); err != nil {
			return err
		}
		return t.insertKey(ctx, name, place, public, private)
	})
	return public, private, err
}

func (t *tx) insertKey(ctx context.Context, name, place string, public, private []byte) error {
	sealed, err := t.s.keyring.Seal(private, place)
	if err != nil {
		return err
	}
	const insert = `insert into deployment_keys (name, public, private_sealed, created_at) values (@name, @public, @sealed, @now)`
	t.audit("", "system:store", "deployment_key.created", "deployment_key:"+code(name), nil)
	_, err = t.Exec(ctx, insert, pgx.NamedArgs{"name": name, "public": public, "sealed": sealed, "now": t.now})
	return err
}
