package api_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// late is a store with an instant that has no RFC 3339 form.
type late struct{ api.Store }

func (late) List(context.Context, store.Scope, store.VisitFilter) (store.VisitPage, error) {
	return store.VisitPage{Items: []visit.Visit{{ID: "x", ExpectedDeparture: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}}, nil
}

// What cannot be encoded is our fault, and no success with an odd body.
func TestAnAnswerThatCannotBeWrittenIsAProblem(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *api.Config) { c.Store = late{c.Store} })
	a := b.refused(t, 500, "internal", b.get("/api/v1/visits"))
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	b.want(t, 200, b.get("/api/v1/sites")) // the negative control: others are served
}
