package crm

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/visit"
)

// Client is one account of a CRM. It is safe for concurrent use.
type Client interface {
	// Check finds out whether the credentials hold and what Setup makes is there.
	Check(ctx context.Context) error
	// Setup makes in the CRM what SyncVisit needs, as far as the vendor lets it, and
	// says what it made and what an administrator must do by hand.
	Setup(ctx context.Context) (visit.CRMSetup, error)
	// SyncVisit writes the visit, once however often it is called.
	SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error)
	// Erase removes visits and then the contact. Empty ids are passed over; what is
	// gone already is no error.
	Erase(ctx context.Context, contact string, visits []string) error
}

// Memory is what earlier attempts of a visit have left.
type Memory struct {
	Refs  visit.CRMRefs // that were noted
	Since time.Time     // the first attempt, which may have written without our hearing; zero: this is the first
	// Note keeps ids before the next call is made.
	Note func(ctx context.Context, refs visit.CRMRefs) error
}

// Options are what clients share.
type Options struct {
	HTTP  *http.Client // dials through the guard
	Allow []netip.Prefix
	Now   func() time.Time
}

// Vendors opens accounts. It is safe for concurrent use.
type Vendors struct{ options Options }

// NewVendors returns the opener of accounts.
func NewVendors(o Options) *Vendors {
	shared := *o.HTTP
	shared.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &shared
	return &Vendors{o}
}

// Validate is the function of that name.
func (v *Vendors) Validate(account visit.CRMAccount) error { return Validate(account, v.options.Allow) }

// Check is Client's, for an account that need not be kept open.
func (v *Vendors) Check(ctx context.Context, account visit.CRMAccount) error {
	client, err := v.Open(account)
	if err != nil {
		return err
	}
	return client.Check(ctx)
}

// Setup is Client's, for an account that need not be kept open.
func (v *Vendors) Setup(ctx context.Context, account visit.CRMAccount) (visit.CRMSetup, error) {
	client, err := v.Open(account)
	if err != nil {
		return visit.CRMSetup{}, err
	}
	done, err := client.Setup(ctx)
	found := done.Settings.VisitorField
	done.Settings = account.Settings // without the defaults, which may change
	if account.Kind == visit.Pipedrive {
		done.Settings.VisitorField = found
	}
	return done, err
}

// Open returns the client of an account, which keeps its token. It returns
// KindInvalid errors that name a setting.
func (v *Vendors) Open(account visit.CRMAccount) (Client, error) {
	if err := v.Validate(account); err != nil {
		return nil, err
	}
	o := v.options
	account.Settings = withDefaults(account)
	switch account.Kind {
	case visit.HubSpot:
		return lenient{newHubSpot(account, o)}, nil
	case visit.Salesforce:
		return lenient{newSalesforce(account, o)}, nil
	case visit.Dynamics:
		return lenient{newDynamics(account, o)}, nil
	case visit.Pipedrive:
		return lenient{newPipedrive(account, o)}, nil
	}
	return nil, errKind
}

// lenient begins anew, once, where that may well help: what was noted is no longer
// there, because people merge and delete contacts, or somebody else was writing the
// same record at that moment, who is done by now.
type lenient struct{ Client }

// SyncVisit implements Client.
func (l lenient) SyncVisit(ctx context.Context, v visit.CRMVisit, m Memory) (visit.CRMRefs, error) {
	refs, err := l.Client.SyncVisit(ctx, v, m)
	switch {
	case visit.KindOf(err) == visit.KindNotFound && m.Refs != visit.CRMRefs{}:
		m.Refs = visit.CRMRefs{}
		if err := m.Note(ctx, m.Refs); err != nil {
			return m.Refs, err
		}
	case visit.KindOf(err) == visit.KindConflict && !errors.Is(err, visit.ErrCRMErased):
	default:
		return refs, err
	}
	return l.Client.SyncVisit(ctx, v, m)
}

// erase removes visits and then the contact, by the vendor's way of removing one.
func erase(contact string, visits []string, visitAt, contactAt func(id string) error) error {
	for _, id := range visits {
		if err := eraseOne(id, visitAt); err != nil {
			return err
		}
	}
	return eraseOne(contact, contactAt)
}

// eraseOne takes "there is no such record" for what erasing wants to hear.
func eraseOne(id string, at func(id string) error) error {
	if id == "" {
		return nil
	}
	err := at(id)
	if visit.KindOf(err) == visit.KindNotFound {
		return nil
	}
	return err
}

// namespace keeps our UUIDs apart from everybody else's.
var namespace = uuid.MustParse("5b2f0f7e-6a3c-4f0e-9d5b-2f6f3c1e8a47")

// visitorKey is the same for every visit of one address, and is not the address:
// keys stand in URLs, which are logged along the way.
func visitorKey(v visit.CRMVisit) string {
	return uuid.NewSHA1(namespace, []byte("visitor:"+v.Visitor.Email)).String()
}

func visitKey(v visit.CRMVisit) string {
	return uuid.NewSHA1(namespace, []byte("visit:"+string(v.ID))).String()
}

// title is what lists of activities show.
func title(v visit.CRMVisit) string {
	if v.Site == "" {
		return "Visit"
	}
	return "Visit at " + v.Site
}

// description is what a visit says beyond its times.
func description(v visit.CRMVisit) string {
	var lines []string
	for _, line := range []struct{ name, text string }{
		{"Host", v.Host}, {"Purpose", v.Purpose}, {"Company", v.Visitor.Company},
	} {
		if line.text != "" {
			lines = append(lines, line.name+": "+line.text)
		}
	}
	return strings.Join(lines, "\n")
}

func location(v visit.CRMVisit) string {
	if v.Address == "" {
		return v.Site
	}
	return v.Site + ", " + v.Address
}

func fullName(v visit.CRMVisit) string {
	return strings.TrimSpace(v.Visitor.FirstName + " " + v.Visitor.LastName)
}

// or is the first text that is one.
func or(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// cut shortens a text to what a vendor's field holds: characters.
func cut(text string, characters int) string {
	for i := range text {
		if characters--; characters < 0 {
			return text[:i]
		}
	}
	return text
}

// set puts what is not empty: an empty text would wipe what the CRM knows.
func set(properties map[string]any, name, text string, characters int) {
	if text != "" {
		properties[name] = cut(text, characters)
	}
}
