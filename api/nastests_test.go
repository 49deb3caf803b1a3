package api_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestANASIsTried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := "/api/v1/sites/" + string(b.site) + "/nases"
	nas := b.want(t, 201, call{method: "POST", path: at, as: b.admin, body: object{"name": "ap", "source": "10.9.0.0/16", "secret": canarySecret}}).string("id")
	test := call{method: "POST", path: at + "/" + nas + "/test", as: b.at(t, auth.SiteManager, b.site)}
	require.Empty(t, b.want(t, 200, test).list("agents"), "there is nobody to ask")

	o := b.online(t)
	answered := make(chan error, 1)
	go func() { // the agent, as soon as it is asked
		for {
			tests, err := o.ClaimNASTests(t.Context(), o.agent.ID, o.epoch)
			if err == nil && len(tests) == 1 {
				err = o.AnswerNASTest(t.Context(), o.agent.ID, o.site, o.epoch, wire.NASTested{
					ID: tests[0].ID, Report: visit.NASReport{Answer: visit.ProbeRefused, ErrorCause: 506, Tries: 2, HeardSince: b.Clock.Now()},
				})
			}
			if err != nil || len(tests) == 1 {
				answered <- err
				return
			}
		}
	}()
	a := b.want(t, 200, test)
	require.NoError(t, <-answered)
	agent, _ := a.list("agents")[0].(object)
	require.Equal(t, "cellar", agent["name"])
	require.Equal(t, "refused", agent["answer"])
	findings, _ := agent["findings"].([]any)
	require.Equal(t, object{"state": "bad", "code": "disconnect_busy"}, findings[0])
	require.NotContains(t, string(a.text), canarySecret)

	b.refused(t, 404, "nas_not_found", call{method: "POST", path: "/api/v1/sites/" + string(b.other) + "/nases/" + nas + "/test", as: b.admin})
}

func TestOpenTerminationsAreListed(t *testing.T) {
	t.Parallel()
	o := setup(t).online(t)
	list := call{path: "/api/v1/sites/" + string(o.site) + "/terminations?open=true", as: o.at1(t, auth.Reception)}
	require.Empty(t, o.want(t, 200, list).list("items"))
	o.want(t, 200, o.post(o.visit, "check-out"))
	_, _, err := o.BeginTermination(t.Context(), store.TerminationRequest{
		VisitID: visit.VisitID(o.visit), Generation: 1, Attempt: 1, WorkflowID: "w", ActivityID: "7",
	})
	require.NoError(t, err)
	item, _ := o.want(t, 200, list).list("items")[0].(object)
	require.Equal(t, []any{"AP-3"}, item["nases"])
	require.Equal(t, o.visit, item["visit"].(object)["id"])
	o.refused(t, 422, "invalid", call{path: "/api/v1/sites/" + string(o.site) + "/terminations?open=false", as: o.admin})
}
