package api

import ("testing";"os";"encoding/json";"github.com/prometheus/client_golang/prometheus")

func TestZZ(t *testing.T) {
	s, err := New(Config{Metrics: NewMetrics(prometheus.NewRegistry())})
	if err != nil { t.Fatal(err) }
	b, err := json.MarshalIndent(s.OpenAPI(), "", "  ")
	if err != nil { t.Fatal(err) }
	os.WriteFile("/tmp/openapi-zz.json", b, 0o600)
}
