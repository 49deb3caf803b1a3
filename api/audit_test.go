package api_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/store"
)

func init() {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.PlainBodyDecoder)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
}

// Who was shown the password: every answer that held it, and no other.
func TestWhoWasShownThePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	desk, other := b.doorman(t), b.doorman(t)
	manager := b.at(t, auth.Reception, b.site)
	id := b.expected(t)
	me := func(token string) string { return b.want(t, 200, call{path: "/api/v1/me", as: token}).string("id") }
	b.want(t, 200, b.post(id, "check-in").by(desk).keyed("k1"))
	b.want(t, 200, b.post(id, "check-in").by(desk).keyed("k1"))
	require.Nil(t, b.want(t, 200, b.post(id, "check-in").by(other)).field("voucher.password"), "this one was not")
	b.want(t, 200, b.post(id, "check-in").by(manager))
	b.want(t, 200, b.post(id, "voucher/reveal").by(manager))
	b.want(t, 200, b.post(id, "voucher/reissue").by(b.admin).keyed("k2"))
	b.want(t, 200, b.post(id, "voucher/reissue").by(b.admin).keyed("k2"))

	a := b.want(t, 200, b.get("/api/v1/visits/"+id+"/disclosures"))
	var got [][2]any
	for _, item := range a.list("items") {
		one := item.(object)
		got = append(got, [2]any{one["actor"].(string)[len("token:"):], one["how"]})
	}
	require.Equal(t, [][2]any{
		{me(desk), "check_in"}, {me(desk), "repeat"}, {me(manager), "revealed"}, {me(manager), "revealed"},
		{me(b.admin), "reissue"}, {me(b.admin), "repeat"},
	}, got)

	b.want(t, 200, b.post(id, "check-out"))
	again := b.want(t, 201, b.post(id, "readmit")).string("visit.id")
	a = b.want(t, 200, b.get("/api/v1/visits/"+again+"/disclosures"))
	require.Len(t, a.list("items"), 1)
	require.Equal(t, "readmit", a.list("items")[0].(object)["how"])
	walkIn := b.present(t)
	require.Len(t, b.want(t, 200, b.get("/api/v1/visits/"+walkIn+"/disclosures")).list("items"), 1)
	b.refused(t, 403, "forbidden", call{path: "/api/v1/visits/" + id + "/disclosures", as: desk})
}

func TestTheTrailIsFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.gone(t)
	count := func(query string) int { return len(b.want(t, 200, b.get("/api/v1/audit?"+query)).list("items")) }
	require.Equal(t, 2, count("visit_id="+id+"&action=visitor.checked_in,visitor.checked_out"))
	require.Equal(t, 4, count("object=visit:"+id))
	require.Zero(t, count("visit_id="+id+"&actor=user:nobody"))
	require.Equal(t, 4, count("site_id="+string(b.site)+"&visit_id="+id))
	require.Equal(t, 4, count("site_id="+string(b.site)+"&chain="+string(b.site)+"&visit_id="+id))
	require.Zero(t, count("site_id="+string(b.other)+"&visit_id="+id))
	now := url.QueryEscape(b.Clock.Now().Add(time.Second).Format(time.RFC3339))
	require.Zero(t, count("visit_id="+id+"&from="+now))
	require.Equal(t, 4, count("visit_id="+id+"&to="+now))
}

func TestTheTrailIsExported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.gone(t)
	keys := store.CheckpointKeys(b.Keyring)
	for format, media := range map[string]string{"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"} {
		a := b.want(t, 200, b.get("/api/v1/audit/export?format="+format+"&site_id="+string(b.site)))
		require.Equal(t, media, a.header.Get("Content-Type"))
		require.Regexp(t, `^attachment; filename="foyer-audit-\d{8}T\d{6}Z\.`+format+`"$`, a.header.Get("Content-Disposition"))
		report, err := audit.VerifyExport(bytes.NewReader(a.text), keys...)
		require.NoError(t, err)
		require.True(t, report.OK, "%v", report.FirstBad)
		require.Equal(t, string(b.site), report.Chains[0].Chain)
		for _, personal := range []string{"Canary", "canary", "Ada", "Grace"} {
			require.NotContains(t, string(a.text), personal)
		}
		if format == "csv" {
			_, err := csv.NewReader(bytes.NewReader(a.text)).ReadAll()
			require.NoError(t, err)
		}
	}
	require.Len(t, b.want(t, 200, b.get("/api/v1/audit?action=audit.exported")).list("items"), 2)
	b.refused(t, 404, "site_not_found", b.get("/api/v1/audit/export?chain=nonsense"))
	b.refused(t, 404, "site_not_found", call{path: "/api/v1/audit/export?chain=deployment", as: b.at(t, auth.SiteManager, b.site)})
	b.refused(t, 403, "forbidden", call{path: "/api/v1/audit/export", as: b.at(t, auth.Kiosk, b.site)})
}

// A reader that does not read holds its own place and no other's.
func TestExportsAreOneAtATime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	// More than what the connection's buffers hold.
	_, err = conn.Exec(t.Context(), `insert into audit (chain, seq, at, actor, action, object, prev_hash, hash)
		select $1, n, now(), 'user:x', 'test', repeat('x', 200), '\x', '\x' from generate_series(1000, 61000) n`, string(b.site))
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/api/v1/audit/export", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+b.admin)
	slow, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, 200, slow.StatusCode)
	b.refused(t, 429, "export_running", b.get("/api/v1/audit/export"))
	require.NoError(t, slow.Body.Close())
	require.Eventually(t, func() bool {
		return b.do(t, b.get("/api/v1/audit/export?chain=deployment")).status == 200
	}, 10*time.Second, 50*time.Millisecond, "who went away makes room")
}
