package api

import (
	"context"
	"time"

	"github.com/foyerhq/foyer/internal/visit"
)

type healthAnswer struct {
	Body struct {
		Status string `json:"status" enum:"ok"`
	}
}

func (s *Server) healthz(context.Context, *struct{}) (*healthAnswer, error) {
	a := &healthAnswer{}
	a.Body.Status = "ok"
	return a, nil
}

// readyWithin bounds the look at what the API needs.
const readyWithin = 2 * time.Second

func (s *Server) readyz(ctx context.Context, _ *struct{}) (*healthAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		return nil, visit.Unavailable("Something the API needs", err)
	}
	return s.healthz(ctx, nil)
}

type versionAnswer struct {
	Body struct {
		Version string `json:"version"`
	}
}

func (s *Server) version(context.Context, *struct{}) (*versionAnswer, error) {
	a := &versionAnswer{}
	a.Body.Version = s.Version
	return a, nil
}
