package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/store"
)

type profiles interface {
	CreateProfile(ctx context.Context, by store.Caller, p identity.Profile) (store.Profile, error)
	Profiles(ctx context.Context) ([]store.Profile, error)
	Profile(ctx context.Context, id identity.ProfileID) (store.Profile, error)
	UpdateProfile(ctx context.Context, by store.Caller, id identity.ProfileID, change store.ProfileChange) (store.Profile, error)
	DeleteProfile(ctx context.Context, by store.Caller, id identity.ProfileID) error
}

// ProfilePath is embedded by every request about one profile.
type ProfilePath struct {
	Profile identity.ProfileID `path:"profile" format:"uuid"`
}

// Validity is how long accounts are good.
type Validity struct {
	Kind  identity.Kind `json:"kind" enum:"hours,days,until" doc:"days are calendar days by the clock at the site: the first is that of the start, and the end is the midnight behind the last."`
	Value int           `json:"value,omitempty" minimum:"0" maximum:"43920" doc:"Hours or days."`
	Until *time.Time    `json:"until,omitempty" doc:"Of kind until."`
}

func validityOf(v identity.Validity) Validity {
	out := Validity{Kind: v.Kind, Value: v.Value}
	if v.Kind == identity.Until {
		out.Until = &v.Until
	}
	return out
}

func (v Validity) validity() identity.Validity {
	out := identity.Validity{Kind: v.Kind, Value: v.Value}
	if v.Until != nil {
		out.Until = *v.Until
	}
	return out
}

// Profile says how long accounts are good, and how many devices use one at a time.
type Profile struct {
	ID        identity.ProfileID `json:"id"`
	Name      string             `json:"name"`
	Validity  Validity           `json:"validity"`
	Devices   int                `json:"devices" doc:"That may be online at a time; 0: no limit."`
	Accounts  int                `json:"accounts" doc:"That have not ended, at all sites."`
	CreatedAt time.Time          `json:"created_at"`
	UpdatedAt time.Time          `json:"updated_at"`
}

func profileOf(p store.Profile) Profile {
	return Profile{
		ID: p.ID, Name: p.Name, Validity: validityOf(p.Validity), Devices: p.Devices, Accounts: p.Accounts, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

type profileAnswer struct {
	Body Profile
}

func answerProfile(p store.Profile, err error) (*profileAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &profileAnswer{profileOf(p)}, nil
}

type createProfileInput struct {
	Body struct {
		Name     string   `json:"name" minLength:"1" maxLength:"200"`
		Validity Validity `json:"validity"`
		Devices  int      `json:"devices,omitempty" minimum:"0" maximum:"1000" doc:"0: no limit."`
	}
}

func (s *Server) createProfile(ctx context.Context, in *createProfileInput) (*profileAnswer, error) {
	return answerProfile(s.Store.CreateProfile(ctx, s.caller(ctx), identity.Profile{
		Name: in.Body.Name, Validity: in.Body.Validity.validity(), Devices: in.Body.Devices,
	}))
}

type listProfilesAnswer struct {
	Body struct {
		Items []Profile `json:"items"`
	}
}

func (s *Server) listProfiles(ctx context.Context, _ *struct{}) (*listProfilesAnswer, error) {
	list, err := s.Store.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	a := &listProfilesAnswer{}
	a.Body.Items = each(list, profileOf)
	return a, nil
}

func (s *Server) readProfile(ctx context.Context, in *ProfilePath) (*profileAnswer, error) {
	return answerProfile(s.Store.Profile(ctx, in.Profile))
}

type changeProfileInput struct {
	ProfilePath
	Body struct {
		Name     *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Validity *Validity `json:"validity,omitempty"`
		Devices  *int      `json:"devices,omitempty" minimum:"0" maximum:"1000"`
	}
}

func (s *Server) changeProfile(ctx context.Context, in *changeProfileInput) (*profileAnswer, error) {
	change := store.ProfileChange{Name: in.Body.Name, Devices: in.Body.Devices}
	if in.Body.Validity != nil {
		change.Validity = new(in.Body.Validity.validity())
	}
	return answerProfile(s.Store.UpdateProfile(ctx, s.caller(ctx), in.Profile, change))
}

func (s *Server) deleteProfile(ctx context.Context, in *ProfilePath) (*struct{}, error) {
	return nil, s.Store.DeleteProfile(ctx, s.caller(ctx), in.Profile)
}
