package hotspot

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"time"
)

var (
	//go:embed online.html
	pageHTML string
	page     = template.Must(template.New("online").Parse(pageHTML))
)

// Handler serves the network: its gateway, and behind that the internet, of which there
// is one page.
func (h *Hotspot) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", h.internet)
	mux.Handle("GET /logon", h.gateway.Handler())
	mux.Handle("GET /logoff", h.gateway.Handler())
	mux.HandleFunc("POST /phone", func(w http.ResponseWriter, r *http.Request) {
		h.Next()
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != h.host { // a name that was rebound to this machine
			http.Error(w, "this network is at "+h.host, http.StatusMisdirectedRequest)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

func (h *Hotspot) internet(w http.ResponseWriter, r *http.Request) {
	until, online := h.Online()
	if !online {
		http.Redirect(w, r, h.gateway.Redirect(h.Phone(), "http://"+h.host+"/").String(), http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, map[string]any{"Phone": h.Phone().MAC, "Until": until.Format("15:04")})
}

const shutdownWithin = 5 * time.Second

// Serve serves the network at its address until ctx ends.
func (h *Hotspot) Serve(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.host)
	if err != nil {
		return fmt.Errorf("hotspot: %w", err)
	}
	server := &http.Server{
		Handler: h.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
		defer cancel()
		stopped <- server.Shutdown(limit)
	})
	err = server.Serve(listener)
	if release() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("hotspot: %w", err)
	}
	return <-stopped
}
