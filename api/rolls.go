package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type rolls interface {
	CreateRoll(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, r store.Roll) (store.Roll, error)
	Rolls(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID) ([]store.Roll, error)
	Roll(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID) (store.Roll, error)
	UpdateRoll(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, change store.RollChange) (store.Roll, error)
	DeleteRoll(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, runsOn bool) error
	PreviewRoll(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID, change store.RollChange) (store.Impact, error)
	DeleteRollImpact(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, id roll.ID) (store.Impact, error)
	PrintCodes(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, first, last uint32, style string) (store.Sheet, error)
	SellCodes(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, id roll.ID, first, last uint32) (int, error)
	TestCodes(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, text string) (roll.Decision, error)
	ExpireCodes(ctx context.Context, by store.Caller, site visit.SiteID, zone roll.ZoneID, codes []string) ([]store.ExpiredCode, error)
	PortalZone(ctx context.Context, id roll.ZoneID) (store.PortalZone, error)
	ActiveCodes(ctx context.Context, scope store.Scope, site visit.SiteID, zone roll.ZoneID, page store.Page, codes bool) (store.ActivePage, error)
}

// RollPath is embedded by every request about one roll.
type RollPath struct {
	ZonePath
	Roll roll.ID `path:"roll" format:"uuid"`
}

// Roll is a batch of codes with the same terms.
type Roll struct {
	ID          roll.ID     `json:"id"`
	ZoneID      roll.ZoneID `json:"zone_id"`
	Number      uint32      `json:"number"`
	First       uint32      `json:"first" doc:"Its lowest ticket: behind all that were ever printed under its number."`
	Count       uint32      `json:"count"`
	Seconds     int64       `json:"seconds" doc:"Access per code."`
	SoldOnly    bool        `json:"sold_only" doc:"A code counts only once it is marked as sold."`
	NotBefore   *time.Time  `json:"not_before,omitempty" doc:"The earliest first use."`
	FirstUseBy  *time.Time  `json:"first_use_by,omitempty" doc:"No first use from here on."`
	Devices     int         `json:"devices" doc:"At a time; 0 as the zone's logins say."`
	Description string      `json:"description"`
	RetiredAt   *time.Time  `json:"retired_at,omitempty" doc:"Its codes are dead; those in use run to their end."`
	Clashes     int         `json:"clashes" doc:"Codes that are not printed, because an earlier roll under other keys has them."`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
	Utilisation Utilisation `json:"utilisation"`
}

// Utilisation counts a roll's codes; each is exactly one of the first three.
type Utilisation struct {
	Ready  int `json:"ready"`
	Active int `json:"active"`
	Used   int `json:"used"`
	Sold   int `json:"sold" doc:"Marked as sold, used or not."`
}

func rollOf(r store.Roll) Roll {
	return Roll{
		ID: r.ID, ZoneID: r.ZoneID, Number: r.Number, First: r.First, Count: r.Count, Seconds: int64(r.For / time.Second), SoldOnly: r.SoldOnly,
		NotBefore: given(r.NotBefore), FirstUseBy: given(r.FirstUseBy), Devices: r.Devices, Description: r.Description, RetiredAt: r.RetiredAt,
		Clashes: len(r.Clashes), CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		Utilisation: Utilisation{Ready: r.Ready, Active: r.Active, Used: r.Used, Sold: r.Sold},
	}
}

type rollAnswer struct {
	Body Roll
}

func answerRoll(r store.Roll, err error) (*rollAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &rollAnswer{rollOf(r)}, nil
}

type createRollInput struct {
	ZonePath
	Body struct {
		Number      uint32     `json:"number" maximum:"2147483647" doc:"Of a compatible zone: 0 to its max_roll."`
		Count       uint32     `json:"count" maximum:"65535" doc:"Long codes: at most 10,000. Compatible ones: at most the zone's max_ticket."`
		Seconds     int64      `json:"seconds" minimum:"1" maximum:"315360000" doc:"Access per code, from its first use on."`
		SoldOnly    *bool      `json:"sold_only,omitempty" doc:"In a compatible zone true by default: forged codes are worthless until they are sold."`
		NotBefore   *time.Time `json:"not_before,omitempty"`
		FirstUseBy  *time.Time `json:"first_use_by,omitempty"`
		Devices     int        `json:"devices,omitempty" minimum:"0" maximum:"1000"`
		Description string     `json:"description,omitempty" maxLength:"500"`
	}
}

func (s *Server) createRoll(ctx context.Context, in *createRollInput) (*rollAnswer, error) {
	b := in.Body
	zone, err := s.Store.Zone(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone)
	if err != nil {
		return nil, err
	}
	soldOnly := zone.Kind == store.CompatibleZone
	if b.SoldOnly != nil {
		soldOnly = *b.SoldOnly
	}
	return answerRoll(s.Store.CreateRoll(ctx, s.caller(ctx), in.Site, in.Zone, store.Roll{
		Roll: roll.Roll{
			Number: b.Number, Count: b.Count, For: time.Duration(b.Seconds) * time.Second, SoldOnly: soldOnly,
			NotBefore: orZero(b.NotBefore), FirstUseBy: orZero(b.FirstUseBy),
		},
		Devices: b.Devices, Description: b.Description,
	}))
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

type listRollsAnswer struct {
	Body struct {
		Items []Roll `json:"items"`
	}
}

func (s *Server) listRolls(ctx context.Context, in *ZonePath) (*listRollsAnswer, error) {
	list, err := s.Store.Rolls(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone)
	if err != nil {
		return nil, err
	}
	a := &listRollsAnswer{}
	a.Body.Items = each(list, rollOf)
	return a, nil
}

func (s *Server) readRoll(ctx context.Context, in *RollPath) (*rollAnswer, error) {
	return answerRoll(s.Store.Roll(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone, in.Roll))
}

// RollChange is what may be changed of a roll.
type RollChange struct {
	Number      *uint32    `json:"number,omitempty" maximum:"2147483647" doc:"Another one retires the roll and makes another, with other codes."`
	Count       *uint32    `json:"count,omitempty" maximum:"65535" doc:"As number."`
	Seconds     *int64     `json:"seconds,omitempty" minimum:"1" maximum:"315360000" doc:"For codes that are not used yet."`
	SoldOnly    *bool      `json:"sold_only,omitempty"`
	NotBefore   *time.Time `json:"not_before,omitempty"`
	FirstUseBy  *time.Time `json:"first_use_by,omitempty"`
	Always      bool       `json:"always,omitempty" doc:"Takes both dates away that are not given."`
	Devices     *int       `json:"devices,omitempty" minimum:"0" maximum:"1000"`
	Description *string    `json:"description,omitempty" maxLength:"500"`
	Retiring
}

func (c RollChange) change() store.RollChange {
	change := store.RollChange{
		Number: c.Number, Count: c.Count, SoldOnly: c.SoldOnly, Devices: c.Devices, Description: c.Description, Retire: c.Retire, RunsOn: c.RunsOn,
	}
	if c.Seconds != nil {
		change.For = new(time.Duration(*c.Seconds) * time.Second)
	}
	if c.NotBefore != nil || c.Always {
		change.NotBefore = &c.NotBefore
	}
	if c.FirstUseBy != nil || c.Always {
		change.FirstUseBy = &c.FirstUseBy
	}
	return change
}

type changeRollInput struct {
	RollPath
	Body RollChange
}

func (s *Server) changeRoll(ctx context.Context, in *changeRollInput) (*rollAnswer, error) {
	return answerRoll(s.Store.UpdateRoll(ctx, s.caller(ctx), in.Site, in.Zone, in.Roll, in.Body.change()))
}

type deleteRollInput struct {
	RollPath
	RunsOn bool `query:"runs_on" doc:"Codes in use run to their end."`
}

func (s *Server) deleteRoll(ctx context.Context, in *deleteRollInput) (*struct{}, error) {
	return nil, s.Store.DeleteRoll(ctx, s.caller(ctx), in.Site, in.Zone, in.Roll, in.RunsOn)
}

type previewRollInput struct {
	RollPath
	Body struct {
		RollChange
		Delete bool `json:"delete,omitempty" doc:"The question is about deleting the roll."`
	}
}

func (s *Server) previewRoll(ctx context.Context, in *previewRollInput) (*impactAnswer, error) {
	scope := scopeOf(auth.PrincipalOf(ctx))
	if in.Body.Delete {
		return answerImpact(s.Store.DeleteRollImpact(ctx, scope, in.Site, in.Zone, in.Roll))
	}
	return answerImpact(s.Store.PreviewRoll(ctx, scope, in.Site, in.Zone, in.Roll, in.Body.change()))
}

type sellInput struct {
	RollPath
	Body struct {
		First uint32 `json:"first,omitempty" doc:"Ticket; the roll's first when absent."`
		Last  uint32 `json:"last,omitempty" doc:"Ticket; the roll's last when absent."`
	}
}

type sellAnswer struct {
	Body struct {
		Sold int `json:"sold" doc:"How many were not marked before."`
	}
}

func (s *Server) sellCodes(ctx context.Context, in *sellInput) (*sellAnswer, error) {
	sold, err := s.Store.SellCodes(ctx, s.caller(ctx), in.Site, in.Zone, in.Roll, in.Body.First, in.Body.Last)
	if err != nil {
		return nil, err
	}
	a := &sellAnswer{}
	a.Body.Sold = sold
	return a, nil
}
