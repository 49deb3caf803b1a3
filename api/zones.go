package api

import (
	"context"
	"strconv"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

type zones interface {
	CreateZone(ctx context.Context, by store.Caller, zone store.Zone, series store.SeriesChange) (store.Zone, error)
	Zones(ctx context.Context, scope store.Scope, site visit.SiteID) ([]store.Zone, error)
	Zone(ctx context.Context, scope store.Scope, site visit.SiteID, id roll.ZoneID) (store.Zone, error)
	UpdateZone(ctx context.Context, by store.Caller, site visit.SiteID, id roll.ZoneID, change store.ZoneChange) (store.Zone, error)
	DeleteZone(ctx context.Context, by store.Caller, site visit.SiteID, id roll.ZoneID) error
	PreviewZone(ctx context.Context, scope store.Scope, site visit.SiteID, id roll.ZoneID, change store.ZoneChange) (store.Impact, error)
	DeleteZoneImpact(ctx context.Context, scope store.Scope, site visit.SiteID, id roll.ZoneID) (store.Impact, error)
	ProposeKeys(ctx context.Context, scope store.Scope, site visit.SiteID, bits int) (store.KeyPair, error)
}

// ZonePath is embedded by every request about one zone.
type ZonePath struct {
	SitePath
	Zone roll.ZoneID `path:"zone" format:"uuid"`
}

// Way leads from where a login comes from to a zone.
type Way struct {
	NASID visit.NASID `json:"nas_id" format:"uuid"`
	SSID  string      `json:"ssid,omitempty" maxLength:"32" doc:"Absent: every network of the NAS that has no way of its own."`
}

// RollSeries is what a zone's compatible codes are made with, without the keys.
type RollSeries struct {
	KeyBits       int         `json:"key_bits"`
	HasPrivateKey bool        `json:"has_private_key" doc:"false: codes are made elsewhere, and only accepted here."`
	RollBits      int         `json:"roll_bits"`
	TicketBits    int         `json:"ticket_bits"`
	ChecksumBits  int         `json:"checksum_bits"`
	Magic         string      `json:"magic" doc:"As digits: it may have 64 bits."`
	MagicBits     int         `json:"magic_bits" doc:"How many of them codes carry; 0: none, and some short codes can be guessed."`
	Alphabet      string      `json:"alphabet"`
	CodeLength    int         `json:"code_length" doc:"Of the longest code."`
	MaxRoll       uint32      `json:"max_roll"`
	MaxTicket     uint32      `json:"max_ticket"`
	CreatedAt     time.Time   `json:"created_at"`
	Strength      KeyStrength `json:"strength"`
}

// Zone is where roll codes are tried.
type Zone struct {
	ID             roll.ZoneID    `json:"id"`
	SiteID         visit.SiteID   `json:"site_id"`
	Name           string         `json:"name"`
	Enabled        bool           `json:"enabled" doc:"Without it nobody new is let in; who is online stays."`
	Kind           store.ZoneKind `json:"kind" enum:"long,compatible"`
	Logins         roll.Logins    `json:"logins" enum:"last_login,first_login,multiple" doc:"What a second device does with the same code."`
	InvalidMessage string         `json:"invalid_message" doc:"What guests read when a code is refused."`
	ExpiredMessage string         `json:"expired_message" doc:"And when its time is over."`
	LoginURL       string         `json:"login_url" doc:"The NAS's own login form, to which the portal page sends guests with a good code. Empty: they are told to enter it where the network asks."`
	UserField      string         `json:"login_user_field" doc:"That form's field for the code."`
	PasswordField  string         `json:"login_password_field" doc:"And for the password, which is the code again."`
	Ways           []Way          `json:"ways"`
	Series         *RollSeries    `json:"series,omitempty" doc:"Of a compatible zone."`
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
}

func zoneOf(z store.Zone) Zone {
	zone := Zone{
		ID: z.ID, SiteID: z.SiteID, Name: z.Name, Enabled: z.Enabled, Kind: z.Kind, Logins: z.Logins,
		InvalidMessage: z.InvalidMessage, ExpiredMessage: z.ExpiredMessage, CreatedAt: z.CreatedAt, UpdatedAt: z.UpdatedAt,
		LoginURL: z.Login.URL, UserField: z.Login.UserField, PasswordField: z.Login.PasswordField,
		Ways: each(z.Ways, func(w wire.Way) Way { return Way{w.NASID, w.SSID} }),
	}
	if s := z.Series; s != nil {
		zone.Series = new(rollSeriesOf(*s))
	}
	return zone
}

func rollSeriesOf(s store.ZoneSeries) RollSeries {
	f := s.Format
	return RollSeries{
		KeyBits: s.KeyBits, HasPrivateKey: s.HasPrivate, RollBits: f.RollBits, TicketBits: f.TicketBits, ChecksumBits: f.ChecksumBits,
		Magic: strconv.FormatUint(f.Magic, 10), MagicBits: f.MagicBits(s.KeyBits), Alphabet: f.Alphabet, CodeLength: f.CodeLength(s.KeyBits),
		MaxRoll: f.MaxRoll(), MaxTicket: f.MaxTicket(), CreatedAt: s.CreatedAt, Strength: strengthOf(s.KeyBits),
	}
}

// SeriesInput says what compatible codes are to be made with. What is absent stays, or
// is the original's default in a new zone.
type SeriesInput struct {
	Pair         string  `json:"pair,omitempty" maxLength:"4096" writeOnly:"true" doc:"A pair of POST …/zones/keys."`
	PrivateKey   string  `json:"private_key,omitempty" maxLength:"16384" writeOnly:"true" doc:"PEM. Never shown again."`
	PublicKey    string  `json:"public_key,omitempty" maxLength:"16384" writeOnly:"true" doc:"PEM. Alone: codes are made elsewhere, and only accepted here."`
	RollBits     *int    `json:"roll_bits,omitempty" minimum:"1" maximum:"31" doc:"16 by default."`
	TicketBits   *int    `json:"ticket_bits,omitempty" minimum:"1" maximum:"16" doc:"10 by default."`
	ChecksumBits *int    `json:"checksum_bits,omitempty" minimum:"0" maximum:"31" doc:"5 by default."`
	Magic        *string `json:"magic,omitempty" pattern:"^[0-9]{1,20}$" doc:"Drawn by default."`
	Alphabet     *string `json:"alphabet,omitempty" minLength:"2" maxLength:"94"`
}

func (in SeriesInput) change() (store.SeriesChange, error) {
	c := store.SeriesChange{
		Pair: in.Pair, PrivateKey: in.PrivateKey, PublicKey: in.PublicKey,
		RollBits: in.RollBits, TicketBits: in.TicketBits, ChecksumBits: in.ChecksumBits, Alphabet: in.Alphabet,
	}
	if in.Magic != nil {
		magic, err := strconv.ParseUint(*in.Magic, 10, 64)
		if err != nil {
			return c, visit.Invalid("magic", "The magic number has more than 64 bits.")
		}
		c.Magic = &magic
	}
	return c, nil
}

func waysOf(ways []Way) []wire.Way {
	return each(ways, func(w Way) wire.Way { return wire.Way{NASID: w.NASID, SSID: w.SSID} })
}

type zoneAnswer struct {
	Body Zone
}

func answerZone(zone store.Zone, err error) (*zoneAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &zoneAnswer{zoneOf(zone)}, nil
}

type createZoneInput struct {
	SitePath
	Body struct {
		Name           string         `json:"name" minLength:"1" maxLength:"200"`
		Kind           store.ZoneKind `json:"kind,omitempty" enum:"long,compatible" default:"long" doc:"Never changes."`
		Enabled        *bool          `json:"enabled,omitempty" doc:"true by default."`
		Logins         roll.Logins    `json:"logins,omitempty" enum:"last_login,first_login,multiple" default:"last_login"`
		InvalidMessage string         `json:"invalid_message,omitempty" maxLength:"200"`
		ExpiredMessage string         `json:"expired_message,omitempty" maxLength:"200"`
		LoginURL       string         `json:"login_url,omitempty" maxLength:"500"`
		UserField      string         `json:"login_user_field,omitempty" maxLength:"64"`
		PasswordField  string         `json:"login_password_field,omitempty" maxLength:"64"`
		Ways           []Way          `json:"ways,omitempty" maxItems:"500"`
		Series         SeriesInput    `json:"series,omitempty" doc:"Of a compatible zone, which needs keys."`
	}
}

func (s *Server) createZone(ctx context.Context, in *createZoneInput) (*zoneAnswer, error) {
	b := in.Body
	series, err := b.Series.change()
	if err != nil {
		return nil, err
	}
	return answerZone(s.Store.CreateZone(ctx, s.caller(ctx), store.Zone{
		SiteID: in.Site, Name: b.Name, Enabled: b.Enabled == nil || *b.Enabled, Kind: b.Kind, Logins: b.Logins,
		InvalidMessage: b.InvalidMessage, ExpiredMessage: b.ExpiredMessage, Ways: waysOf(b.Ways),
		Login: store.LoginForm{URL: b.LoginURL, UserField: b.UserField, PasswordField: b.PasswordField},
	}, series))
}

type listZonesAnswer struct {
	Body struct {
		Items []Zone `json:"items"`
	}
}

func (s *Server) listZones(ctx context.Context, in *SitePath) (*listZonesAnswer, error) {
	list, err := s.Store.Zones(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site)
	if err != nil {
		return nil, err
	}
	a := &listZonesAnswer{}
	a.Body.Items = each(list, zoneOf)
	return a, nil
}

func (s *Server) readZone(ctx context.Context, in *ZonePath) (*zoneAnswer, error) {
	return answerZone(s.Store.Zone(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone))
}

// ZoneChange is what may be changed of a zone.
type ZoneChange struct {
	Name           *string      `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Enabled        *bool        `json:"enabled,omitempty"`
	Logins         *roll.Logins `json:"logins,omitempty" enum:"last_login,first_login,multiple"`
	InvalidMessage *string      `json:"invalid_message,omitempty" maxLength:"200"`
	ExpiredMessage *string      `json:"expired_message,omitempty" maxLength:"200"`
	LoginURL       *string      `json:"login_url,omitempty" maxLength:"500"`
	UserField      *string      `json:"login_user_field,omitempty" maxLength:"64"`
	PasswordField  *string      `json:"login_password_field,omitempty" maxLength:"64"`
	Ways           *[]Way       `json:"ways,omitempty" maxItems:"500" doc:"Replaces all."`
	Series         *SeriesInput `json:"series,omitempty" doc:"Other keys, bits, magic number or characters retire all rolls of the zone."`
	Retiring
}

// Retiring is how a change is meant that ends codes for good.
type Retiring struct {
	Retire bool `json:"retire,omitempty" doc:"Must be true where the change ends codes; roll_retires says so otherwise."`
	RunsOn bool `json:"runs_on,omitempty" doc:"Codes in use run to their end."`
}

func (c ZoneChange) change() (store.ZoneChange, error) {
	change := store.ZoneChange{
		Name: c.Name, Enabled: c.Enabled, Logins: c.Logins, InvalidMessage: c.InvalidMessage, ExpiredMessage: c.ExpiredMessage,
		LoginURL: c.LoginURL, UserField: c.UserField, PasswordField: c.PasswordField,
		Retire: c.Retire, RunsOn: c.RunsOn,
	}
	if c.Ways != nil {
		change.Ways = waysOf(*c.Ways)
	}
	if c.Series == nil {
		return change, nil
	}
	series, err := c.Series.change()
	change.Series = &series
	return change, err
}

type changeZoneInput struct {
	ZonePath
	Body ZoneChange
}

func (s *Server) changeZone(ctx context.Context, in *changeZoneInput) (*zoneAnswer, error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	return answerZone(s.Store.UpdateZone(ctx, s.caller(ctx), in.Site, in.Zone, change))
}

func (s *Server) deleteZone(ctx context.Context, in *ZonePath) (*struct{}, error) {
	return nil, s.Store.DeleteZone(ctx, s.caller(ctx), in.Site, in.Zone)
}

// RollImpact is what a change would end for good.
type RollImpact struct {
	Rolls  int `json:"rolls" doc:"0: it ends nothing."`
	Ready  int `json:"ready" doc:"Codes that were never used."`
	Sold   int `json:"sold" doc:"Codes that were marked as sold, used or not."`
	Active int `json:"active" doc:"Codes in use. They end at once unless runs_on is said."`
	Used   int `json:"used" doc:"Codes that are over anyhow."`
}

type impactAnswer struct {
	Body RollImpact
}

func answerImpact(i store.Impact, err error) (*impactAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &impactAnswer{RollImpact{Rolls: i.Rolls, Ready: i.Ready, Sold: i.Sold, Active: i.Active, Used: i.Used}}, nil
}

type previewZoneInput struct {
	ZonePath
	Body struct {
		ZoneChange
		Delete bool `json:"delete,omitempty" doc:"The question is about deleting the zone."`
	}
}

func (s *Server) previewZone(ctx context.Context, in *previewZoneInput) (*impactAnswer, error) {
	scope := scopeOf(auth.PrincipalOf(ctx))
	if in.Body.Delete {
		return answerImpact(s.Store.DeleteZoneImpact(ctx, scope, in.Site, in.Zone))
	}
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	return answerImpact(s.Store.PreviewZone(ctx, scope, in.Site, in.Zone, change))
}

type proposeKeysInput struct {
	SitePath
	Body struct {
		KeyBits int `json:"key_bits,omitempty" enum:"32,64" default:"32"`
	}
}

type proposeKeysAnswer struct {
	Body struct {
		Pair     string      `json:"pair" doc:"Opaque, for series.pair: the private key stays hidden. Nothing is stored until it is saved in a zone."`
		KeyBits  int         `json:"key_bits"`
		Magic    string      `json:"magic" doc:"A magic number to go with it."`
		Strength KeyStrength `json:"strength"`
	}
}

func (s *Server) proposeKeys(ctx context.Context, in *proposeKeysInput) (*proposeKeysAnswer, error) {
	pair, err := s.Store.ProposeKeys(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Body.KeyBits)
	if err != nil {
		return nil, err
	}
	a := &proposeKeysAnswer{}
	a.Body.Pair, a.Body.KeyBits, a.Body.Magic, a.Body.Strength = pair.Pair, pair.KeyBits, strconv.FormatUint(pair.Magic, 10), strengthOf(pair.KeyBits)
	return a, nil
}

// KeyStrength is how little a compatible zone's key protects, for a warning. Times
// were measured on one core, see docs/rolls.md.
type KeyStrength struct {
	CodesNeeded   int     `json:"codes_needed" doc:"So many printed codes give the key away, and with it all codes. Consecutive ones where it is three."`
	SearchSeconds float64 `json:"search_seconds" doc:"How long that takes who has them."`
	FactorSeconds float64 `json:"factor_seconds" doc:"How long it takes who has the public key, as each site's agents have."`
	GuessOneIn    float64 `json:"guess_one_in" doc:"Of so many guesses one is a code, where 1,000 codes can be used."`
}

func strengthOf(keyBits int) KeyStrength {
	s := KeyStrength{CodesNeeded: 3, SearchSeconds: 1.2, FactorSeconds: 0.05, GuessOneIn: float64(uint64(1)<<(keyBits-1)) * 2 / 1000}
	switch {
	case keyBits <= 32:
		s.CodesNeeded, s.SearchSeconds, s.FactorSeconds = 2, 0.4, 0.0002
	case keyBits <= 48:
		s.FactorSeconds = 0.003
	}
	return s
}
