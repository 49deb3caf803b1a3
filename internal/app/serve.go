package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"go.uber.org/fx"
	"golang.org/x/crypto/acme/autocert"
)

// serving listens when the application starts, so that a taken port is an error
// and not a log line, and stops gracefully: requests under way end first.
func serving(lc fx.Lifecycle, log *slog.Logger, name, address string, server *http.Server, serve func(net.Listener) error) {
	server.ErrorLog = slog.NewLogLogger(log.With("listener", name).Handler(), slog.LevelDebug)
	var running sync.WaitGroup
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
			if err != nil {
				return fmt.Errorf("%s listener: %w", name, err)
			}
			log.Info("listening", "listener", name, "address", listener.Addr().String())
			running.Go(func() {
				if err := serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
					log.Error("listener failed", "listener", name, "error", err)
				}
			})
			return nil
		},
		OnStop: func(ctx context.Context) error {
			err := server.Shutdown(ctx)
			if err != nil {
				err = errors.Join(err, server.Close())
			}
			running.Wait()
			return err
		},
	})
}

// errPlainHTTP keeps credentials from being served in clear by oversight.
var errPlainHTTP = errors.New("a listener that is not on loopback needs TLS: set --tls-cert and --tls-key, or --acme-hosts, " +
	"or --allow-plain-http behind a proxy that ends TLS")

// tlsConfig returns how the API's listener does TLS; nil for plain HTTP.
func (h HTTP) tlsConfig() (*tls.Config, error) {
	switch {
	case len(h.ACMEHosts) > 0:
		manager := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(h.ACMEHosts...),
			Cache: autocert.DirCache(h.ACMEDir), Email: h.ACMEEmail,
		}
		config := manager.TLSConfig()
		config.MinVersion = tls.VersionTLS12
		return config, nil
	case h.TLSCert != "" || h.TLSKey != "":
		files := &certificateFiles{cert: h.TLSCert, key: h.TLSKey}
		if _, err := files.get(nil); err != nil {
			return nil, err
		}
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}, nil
	case !h.AllowPlainHTTP && !loopback(h.Listen):
		return nil, errPlainHTTP
	}
	return nil, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// lookEvery is how often certificate files are looked at, at most.
const lookEvery = 10 * time.Second

// certificateFiles is a certificate that is read again when its files change,
// so that renewing it needs no restart. A pair that does not load (one file
// written, the other not yet) leaves the last good one in use.
type certificateFiles struct {
	cert, key string

	mu       sync.Mutex // guards the rest
	lookedAt time.Time
	changed  time.Time
	current  *tls.Certificate
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current != nil && time.Since(f.lookedAt) < lookEvery {
		return f.current, nil
	}
	f.lookedAt = time.Now()
	changed, err := newest(f.cert, f.key)
	if err == nil && (f.current == nil || changed.After(f.changed)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(f.cert, f.key); err == nil {
			f.current, f.changed = &pair, changed
		}
	}
	if f.current == nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	return f.current, nil
}

func newest(paths ...string) (latest time.Time, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return latest, err
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest, nil
}

var errCodecListen = errors.New("the codec endpoint is for loopback only: it opens what Temporal holds sealed")

// servingTLS is listening, with TLS.
func servingTLS(lc fx.Lifecycle, log *slog.Logger, name, address string, server *http.Server) {
	serving(lc, log, name, address, server, func(l net.Listener) error { return server.ServeTLS(l, "", "") })
}
