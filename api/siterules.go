package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type siteRules interface {
	Rules(ctx context.Context, scope store.Scope, site visit.SiteID, version int) (visit.Rules, error)
	SetRules(ctx context.Context, by store.Caller, site visit.SiteID, texts map[string]string) (visit.Rules, error)
}

// RulesTexts are a site's rules by language.
type RulesTexts map[string]string

// SiteRules are what visitors agree to at a site's kiosks.
type SiteRules struct {
	Version int        `json:"version" doc:"0: there never were any."`
	Texts   RulesTexts `json:"texts" doc:"By language: en, de, fr, es, it, pl. None: there is nothing to agree to."`
	MadeAt  *time.Time `json:"made_at,omitempty"`
	MadeBy  string     `json:"made_by,omitempty" doc:"Who wrote this version: user:…, token:…"`
}

func rulesOf(r visit.Rules) SiteRules {
	if r.Version == 0 {
		return SiteRules{Texts: RulesTexts{}}
	}
	return SiteRules{Version: r.Version, Texts: r.Texts, MadeAt: &r.MadeAt, MadeBy: r.MadeBy}
}

type rulesAnswer struct {
	Body SiteRules
}

type readRulesInput struct {
	SitePath
	Version int `query:"version" minimum:"0" doc:"An older version; the one in force when absent."`
}

func (s *Server) readRules(ctx context.Context, in *readRulesInput) (*rulesAnswer, error) {
	rules, err := s.Store.Rules(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Version)
	if err != nil {
		return nil, err
	}
	return &rulesAnswer{rulesOf(rules)}, nil
}

type setRulesInput struct {
	SitePath
	Body struct {
		Texts RulesTexts `json:"texts" doc:"By language: en, de, fr, es, it, pl; at most 10,000 characters each. None ends the rules."`
	}
}

func (s *Server) setRules(ctx context.Context, in *setRulesInput) (*rulesAnswer, error) {
	rules, err := s.Store.SetRules(ctx, s.caller(ctx), in.Site, in.Body.Texts)
	if err != nil {
		return nil, err
	}
	return &rulesAnswer{rulesOf(rules)}, nil
}
