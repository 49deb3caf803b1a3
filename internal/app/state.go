package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/identity"
	"github.com/foyerhq/foyer/internal/seal"
	"github.com/foyerhq/foyer/internal/visit"
)

// upState is what `foyer up` made for this install: random secrets and the ids
// of the demo's parts. It is kept beside the data, readable to its owner alone.
type upState struct {
	Key           string       `json:"key"`
	AdminEmail    string       `json:"admin_email"`
	AdminPassword string       `json:"admin_password"`
	Token         string       `json:"token"`
	RADIUSSecret  string       `json:"radius_secret"`
	Prepared      bool         `json:"prepared"` // administrator and token are in the database
	SiteID        visit.SiteID `json:"site_id,omitempty"`
	// The demo's portal, and what its simulated gateway shares with it. Empty where the
	// site had portals before there was this one.
	PortalID     identity.PortalID `json:"portal_id,omitempty"`
	PortalSecret string            `json:"portal_secret,omitempty"`

	path      string
	enrolment string // token for the agent's first start; lasts an hour and is not kept
}

// openState reads the state, or makes it at the first start.
func openState(path string) (*upState, error) {
	s := &upState{path: path}
	body, err := os.ReadFile(path)
	if err == nil {
		return s, json.Unmarshal(body, s)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := s.draw(); err != nil {
		return nil, err
	}
	return s, s.save()
}

func (s *upState) draw() (err error) {
	s.AdminEmail = "admin@example.org"
	if s.Key, err = seal.Generate(rand.Reader); err != nil {
		return err
	}
	if s.AdminPassword, err = newPassword(); err != nil {
		return err
	}
	if s.RADIUSSecret, err = newPassword(); err != nil {
		return err
	}
	token, err := auth.NewToken(rand.Reader, auth.APIToken)
	s.Token = token.Reveal()
	return err
}

func (s *upState) save() error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(s.path, append(body, '\n'))
}
