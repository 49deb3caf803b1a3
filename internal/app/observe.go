package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.temporal.io/sdk/interceptor"
	"go.uber.org/fx"
)

// serveMetrics serves /metrics on a listener of its own, so that it can be kept
// from the public.
func serveMetrics(lc fx.Lifecycle, o Observability, registry *prometheus.Registry, log *slog.Logger) {
	serveProbes(lc, o, registry, log, http.NewServeMux())
}

// serveProbes is serveMetrics beside what mux has already.
func serveProbes(lc fx.Lifecycle, o Observability, registry *prometheus.Registry, log *slog.Logger, mux *http.ServeMux) {
	if o.MetricsListen == "" {
		return
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	listening(lc, log, "metrics", o.MetricsListen, newHTTPServer(mux))
}

// newHTTPServer has limits on everything a slow or hostile client could draw
// out.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}

// listening serves a plain HTTP server for the life of the application.
func listening(lc fx.Lifecycle, log *slog.Logger, name, address string, server *http.Server) {
	serving(lc, log, name, address, server, func(l net.Listener) error { return server.Serve(l) })
}

// startTracing sends traces where the operator says; by default nowhere.
func startTracing(lc fx.Lifecycle, o Observability) error {
	if o.OTLPEndpoint == "" {
		return nil
	}
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(o.OTLPEndpoint))
	if err != nil {
		return err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	lc.Append(fx.StopHook(provider.Shutdown))
	return nil
}

// tracingInterceptors follow a request through Temporal. Without an endpoint
// the global provider does nothing.
func tracingInterceptors() []interceptor.ClientInterceptor {
	traced, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{})
	if err != nil {
		return nil
	}
	return []interceptor.ClientInterceptor{traced}
}
