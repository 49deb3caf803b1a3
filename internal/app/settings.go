package app

import (
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

// CLI is Foyer's command line. A value is taken from the flag, else from the
// environment (FOYER_…, for secrets also FOYER_…_FILE), else from the YAML file
// named by --config, else from the default.
type CLI struct {
	Config string `help:"YAML file with settings, by flag name." env:"FOYER_CONFIG" type:"path"`
	Log    Log    `embed:"" prefix:"log-"`

	API     APICommand     `cmd:"" name:"api" help:"Serve the HTTP interface and the agents' links."`
	Worker  WorkerCommand  `cmd:"" help:"Run visits' workflows and the sweeper."`
	Agent   AgentCommand   `cmd:"" help:"Answer RADIUS on a site's LAN."`
	Up      UpCommand      `cmd:"" help:"Run everything on this machine, with a demo site."`
	Migrate MigrateCommand `cmd:"" help:"Bring the database and the Temporal namespace up to date."`
	Token   TokenCommands  `cmd:"" help:"API tokens."`
	Admin   AdminCommands  `cmd:"" help:"Administrators."`
	Audit   AuditCommands  `cmd:"" help:"The audit trail."`
	CRM     CRMCommands    `cmd:"" name:"crm" help:"Customers' CRM accounts."`
	Mail    MailCommands   `cmd:"" help:"Mail."`
	SMS     SMSCommands    `cmd:"" name:"sms" help:"SMS."`
	Purge   PurgeCommand   `cmd:"" help:"Purge personal data whose time is over, now."`
	NASSim  NASSimCommand  `cmd:"" name:"nas-sim" help:"Simulate a NAS, for trials and tests."`
	OpenAPI OpenAPICommand `cmd:"" name:"openapi" help:"Print the HTTP interface's description."`
	Key     KeyCommands    `cmd:"" help:"Deployment keys."`
	Health  HealthCommand  `cmd:"" help:"Ask a health URL; for containers without a shell."`
	Voucher VoucherCommand `cmd:"" passthrough:"" help:"Make and read roll codes as pfSense's voucher program does."`
	Rolls   RollCommands   `cmd:"" help:"Bring pfSense's vouchers here, or back."`
	Version VersionCommand `cmd:"" help:"Print the version."`
}

// Log says how to log.
type Log struct {
	Level  slog.Level `help:"debug, info, warn or error." default:"info" env:"FOYER_LOG_LEVEL"`
	Format string     `help:"text or json." enum:"text,json" default:"text" env:"FOYER_LOG_FORMAT"`
}

// Database is how to reach Postgres, and the key that seals what it holds.
type Database struct {
	URL      string `name:"database-url" help:"Postgres URL." required:"" env:"FOYER_DATABASE_URL" secret:""`
	Key      string `name:"key" help:"Deployment key: base64 of 32 bytes; several, comma separated, to rotate (the first seals)." required:"" env:"FOYER_KEY" secret:""`
	MaxConns int32  `name:"database-max-conns" help:"Connections per process." default:"16" env:"FOYER_DATABASE_MAX_CONNS"`

	guestDomain string // set by roles that let guests in
}

// Temporal is how to reach the Temporal cluster.
type Temporal struct {
	Address    string `name:"temporal-address" help:"Temporal frontend." default:"127.0.0.1:7233" env:"FOYER_TEMPORAL_ADDRESS"`
	Namespace  string `name:"temporal-namespace" help:"Namespace of the visits." default:"foyer" env:"FOYER_TEMPORAL_NAMESPACE"`
	CA         string `name:"temporal-tls-ca" help:"CA file; makes the connection TLS." env:"FOYER_TEMPORAL_TLS_CA" type:"path"`
	Cert       string `name:"temporal-tls-cert" help:"Client certificate file." env:"FOYER_TEMPORAL_TLS_CERT" type:"path"`
	CertKey    string `name:"temporal-tls-key" help:"Client key file." env:"FOYER_TEMPORAL_TLS_KEY" type:"path"`
	ServerName string `name:"temporal-tls-server-name" help:"Name on the server's certificate, where it differs." env:"FOYER_TEMPORAL_TLS_SERVER_NAME"`
}

// Observability is what operators look at.
type Observability struct {
	MetricsListen string `help:"Listener of /metrics; empty for none." default:"127.0.0.1:9090" env:"FOYER_METRICS_LISTEN"`
	OTLPEndpoint  string `name:"otlp-endpoint" help:"OTLP/HTTP endpoint for traces; empty for none." env:"FOYER_OTLP_ENDPOINT"`
}

// Public is the deployment's address for people.
type Public struct {
	PublicURL string `help:"Where browsers reach the API." default:"http://127.0.0.1:8080" env:"FOYER_PUBLIC_URL"`
}

// Guests is how portals name their guests.
type Guests struct {
	GuestDomain string `name:"guest-domain" help:"Domain of the names that NASes and their logs see in guests' place; empty: the public URL's host." env:"FOYER_GUEST_DOMAIN"`
}

// domain is what names of authentications end with. An address is no domain, and a name
// of this machine nobody else's.
func (g Guests) domain(public Public) (string, error) {
	domain := strings.ToLower(g.GuestDomain)
	if domain == "" {
		u, err := url.Parse(public.PublicURL)
		if err != nil || net.ParseIP(u.Hostname()) != nil || !strings.Contains(u.Hostname(), ".") {
			return "", nil
		}
		return strings.ToLower(u.Hostname()), nil
	}
	if !visit.MailAddress("user1@"+domain) || len(domain) > maxGuestDomain {
		return "", errors.New("--guest-domain is not a domain such as guests.example.org")
	}
	return domain, nil
}

// maxGuestDomain leaves room for the number: NASes take user names of 63 octets at least
// (RFC 2865, section 5.1).
const maxGuestDomain = 40

// HTTP is the API's listener.
type HTTP struct {
	Listen string `help:"API listener." default:"127.0.0.1:8080" env:"FOYER_LISTEN"`
	Public
	TrustedProxies []string      `help:"Addresses or networks that may set X-Forwarded-For." env:"FOYER_TRUSTED_PROXIES"`
	TLSCert        string        `name:"tls-cert" help:"Certificate file; read again when it changes." env:"FOYER_TLS_CERT" type:"path"`
	TLSKey         string        `name:"tls-key" help:"Key file." env:"FOYER_TLS_KEY" type:"path"`
	ACMEHosts      []string      `name:"acme-hosts" help:"Host names to get certificates for by ACME." env:"FOYER_ACME_HOSTS"`
	ACMEDir        string        `name:"acme-dir" help:"Where ACME certificates are kept." default:"acme" env:"FOYER_ACME_DIR" type:"path"`
	ACMEEmail      string        `name:"acme-email" help:"Contact given to the ACME authority." env:"FOYER_ACME_EMAIL"`
	AllowPlainHTTP bool          `name:"allow-plain-http" help:"Serve a non-loopback address without TLS, behind a proxy that ends TLS." env:"FOYER_ALLOW_PLAIN_HTTP"`
	RequestRate    float64       `help:"Requests per second and caller." default:"50" env:"FOYER_REQUEST_RATE"`
	RequestBurst   int           `help:"Requests at once and caller." default:"200" env:"FOYER_REQUEST_BURST"`
	ShutdownWithin time.Duration `help:"How long a stop waits for requests." default:"30s" env:"FOYER_SHUTDOWN_WITHIN"`
}

// AgentListener is where agents connect.
type AgentListener struct {
	AgentListen string   `help:"Agents' listener, TLS 1.3 with our own authority." default:"127.0.0.1:8443" env:"FOYER_AGENT_LISTEN"`
	AgentHosts  []string `help:"Names and addresses on its certificate." default:"127.0.0.1,localhost" env:"FOYER_AGENT_HOSTS"`
	AgentURL    string   `help:"Where agents reach it; goes into enrolment tokens." default:"https://127.0.0.1:8443" env:"FOYER_AGENT_URL"`
}

// Codec is the decode-only endpoint for the Temporal UI.
type Codec struct {
	CodecListen string `help:"Loopback listener of the decode-only codec endpoint for the Temporal UI; empty for none." env:"FOYER_CODEC_LISTEN"`
	CodecOrigin string `help:"The Temporal UI's exact origin." env:"FOYER_CODEC_ORIGIN"`
	TemporalUI  string `name:"temporal-ui" help:"The Temporal UI's address, for links to visits' workflows; empty for none." env:"FOYER_TEMPORAL_UI"`
}

// APICommand runs the api role.
type APICommand struct {
	Database
	Temporal
	HTTP
	Guests
	SignIn
	AgentListener
	Codec
	Outward
	Sender
	SMS
	Observability
}

// WorkerCommand runs the worker role.
type WorkerCommand struct {
	Database
	Temporal
	Public
	Mail
	Outward
	Purging
	Addresses
	Observability
	Activities int `help:"Activities at a time." default:"64" env:"FOYER_WORKER_ACTIVITIES"`
	Calls      int `help:"Deliveries and calls to CRMs at a time." default:"64" env:"FOYER_WORKER_CALLS"`
	Workflows  int `help:"Cached workflow runs." default:"2000" env:"FOYER_WORKER_CACHE"`
}

// AgentCommand runs the agent role.
type AgentCommand struct {
	DataDir        string `help:"Where the agent keeps its certificate, ledger and journal." default:"agent-data" env:"FOYER_DATA_DIR" type:"path"`
	EnrolmentToken string `help:"Token from POST …/agents; needed until enrolled." env:"FOYER_ENROLMENT_TOKEN" secret:""`
	AuthListen     string `name:"radius-auth-listen" help:"RADIUS authentication." default:"0.0.0.0:1812" env:"FOYER_RADIUS_AUTH_LISTEN"`
	BehindProxy    bool   `help:"A proxy in front of the hub ends TLS." env:"FOYER_BEHIND_PROXY"`
	AcctListen     string `name:"radius-acct-listen" help:"RADIUS accounting." default:"0.0.0.0:1813" env:"FOYER_RADIUS_ACCT_LISTEN"`
	PresenceListen string `help:"Where the list of who is in the building is served when the site wants it; empty: as the site says; off: never here." env:"FOYER_PRESENCE_LISTEN"`
	Observability
}

// MigrateCommand prepares Postgres and Temporal.
type MigrateCommand struct {
	Database
	Temporal
	Retention    time.Duration `help:"How long closed workflows are kept in a namespace made here." default:"720h" env:"FOYER_TEMPORAL_RETENTION"`
	SkipTemporal bool          `help:"Migrate Postgres only." env:"FOYER_MIGRATE_SKIP_TEMPORAL"`
	Within       time.Duration `help:"How long to wait for both to answer." default:"2m" env:"FOYER_MIGRATE_WITHIN"`
}
