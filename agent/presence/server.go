package presence

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/foyerhq/foyer/internal/wire"
)

// server is an open port.
type server struct {
	listen  string // as asked for
	http    *http.Server
	done    sync.WaitGroup
	renewAt time.Time // of the certificate
	stats   wire.PresenceStats
}

// serve opens and closes the port as the settings want it.
func (k *Keeper) serve(ctx context.Context) {
	settings := k.current().Settings
	if settings == nil {
		k.stop()
		k.tell(nil)
		return
	}
	listen := cmp.Or(k.cfg.Listen, settings.Listen)
	now := k.cfg.Now()
	if s := k.server; s != nil && s.listen == listen && now.Before(s.renewAt) {
		return
	}
	k.stop()
	s, err := k.open(ctx, listen, settings.Networks, now)
	if err != nil {
		failed := &wire.PresenceStats{Error: failureOf(err)}
		if was := k.Stats(); was == nil || *was != *failed {
			k.log.Error("the list of who is in the building cannot be served", "listen", listen, "error", err)
		}
		k.tell(failed)
		return
	}
	k.server = s
	k.cfg.Metrics.serving.Set(1)
	k.log.Info("showing who is in the building", "address", s.stats.Address, "sha256", s.stats.Fingerprint)
	k.tell(&s.stats)
}

func (k *Keeper) open(ctx context.Context, listen string, networks []netip.Prefix, now time.Time) (*server, error) {
	own, err := k.disk.certificate(now)
	if err != nil {
		return nil, err
	}
	inner, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, err
	}
	s := &server{
		listen: listen, renewAt: own.Leaf.NotAfter.Add(-certificateSpare),
		stats: wire.PresenceStats{Address: placeOf(inner.Addr().String(), networks), Fingerprint: fingerprint(own)},
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // the few requests here need no streams
	s.http = &http.Server{
		Handler: k.handler(), Protocols: protocols, MaxHeaderBytes: 16 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // it would say who calls
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{own}, NextProtos: []string{"http/1.1"}}
	listener := tls.NewListener(newGate(inner, k.allowed, k.cfg.Metrics), config)
	s.done.Go(func() { _ = s.http.Serve(listener) })
	return s, nil
}

// placeOf is where people find a port: one that is open at all addresses is said to be
// at that one which lies in a network that may call, else at the first.
func placeOf(bound string, networks []netip.Prefix) string {
	at, err := netip.ParseAddrPort(bound)
	if err != nil || !at.Addr().IsUnspecified() {
		return bound
	}
	place := bound
	_, own := whereabouts()
	for _, ip := range slices.Backward(own) {
		address, _ := netip.AddrFromSlice(ip)
		if address = address.Unmap(); within(networks, address) {
			return netip.AddrPortFrom(address, at.Port()).String()
		}
		if !address.IsLoopback() {
			place = netip.AddrPortFrom(address, at.Port()).String()
		}
	}
	return place
}

// stop closes the port and every connection, and waits.
func (k *Keeper) stop() {
	if k.server == nil {
		return
	}
	_ = k.server.http.Close()
	k.server.done.Wait()
	k.server = nil
	k.cfg.Metrics.serving.Set(0)
}

// allowed reports whether somebody may call at all.
func (k *Keeper) allowed(address netip.Addr) bool {
	settings := k.current().Settings
	return settings != nil && within(settings.Networks, address)
}

// failureOf names why a port is not open. Names are interface.
func failureOf(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "address_in_use"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "no_such_address"
	case errors.Is(err, syscall.EACCES):
		return "not_permitted"
	}
	return "failed"
}
