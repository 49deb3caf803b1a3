package visit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/visit"
)

func TestACRMKnowsWhatTheSiteHasChosenAndNoMore(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ended := began.Add(time.Hour)
	v := visit.Visit{
		ID: "v", Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: " Ada@Example.ORG ", Phone: "1", Company: "Quill"},
		Host: visit.Host{Name: "Grace", Email: "grace@example.org"}, Purpose: "Interview",
		ExpectedArrival: began.Add(-time.Minute), ExpectedDeparture: began.Add(9 * time.Hour), CheckedInAt: &began, EndedAt: &ended,
	}
	site := visit.Site{Name: "Berlin", Address: "Here 1"}
	require.Equal(t, visit.CRMVisit{ID: "v", Visitor: visit.Visitor{Email: "ada@example.org"}, From: began, To: ended}, visit.NewCRMVisit(v, site, nil))
	all := visit.NewCRMVisit(v, site, visit.CRMFields())
	require.Equal(t, visit.CRMVisit{
		ID: "v", Visitor: visit.Visitor{FirstName: "Ada", LastName: "Quill", Email: "ada@example.org", Phone: "1", Company: "Quill"},
		Host: "Grace", Purpose: "Interview", Site: "Berlin", Address: "Here 1", From: began, To: ended, Fields: visit.CRMFields(),
	}, all)
	v.Visitor.Phone = ""
	require.Equal(t, []visit.CRMField{visit.CRMHost}, visit.NewCRMVisit(v, site, []visit.CRMField{visit.CRMHost, visit.CRMPhone}).Fields,
		"what there is none of was not sent")
	require.Error(t, visit.ValidateCRMFields([]visit.CRMField{visit.CRMHost, "password"}))
	require.NoError(t, visit.ValidateCRMFields(visit.CRMFields()))

	v.EndedAt = &began // at once
	require.Equal(t, began.Add(time.Minute), visit.NewCRMVisit(v, site, nil).To, "CRMs refuse what takes no time")
}

func TestCRMCredentialsHideThemselves(t *testing.T) {
	t.Parallel()
	account := visit.CRMAccount{Name: "x", Credentials: visit.CRMCredentials{Token: "canary", ClientID: "canary", ClientSecret: "canary"}}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(handler).Info("account", "account", account, "credentials", account.Credentials)
	}
	text, err := json.Marshal(account)
	require.NoError(t, err)
	for _, shown := range []string{log.String(), string(text), fmt.Sprintf("%v %+v %#v %s", account, account, account, account.Credentials)} {
		require.NotContains(t, shown, "canary")
	}
}
