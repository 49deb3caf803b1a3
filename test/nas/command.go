package nas

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"
)

// Command is `foyer nas-sim`: a NAS with its control API, until ctx ends. Kong
// fills the fields; its prefix names the environment variables.
type Command struct {
	Auth         string        `help:"RADIUS server for authentication." default:"127.0.0.1:1812"`
	Acct         string        `help:"RADIUS server for accounting." default:"127.0.0.1:1813"`
	Secret       string        `help:"Shared secret; visible in the process list, prefer --secret-file." xor:"secret"`
	SecretFile   string        `help:"File that holds the shared secret." type:"path" xor:"secret"`
	DAS          string        `name:"das" help:"Where Disconnect-Requests are taken." default:"127.0.0.1:3799"`
	DASClient    []string      `name:"das-client" help:"Networks that may send Disconnect-Requests; the authentication server if none is given."`
	Control      string        `help:"Where the control API listens; loopback only." default:"127.0.0.1:3780"`
	Bind         string        `help:"Source address of requests." default:"127.0.0.1"`
	Name         string        `help:"NAS-Identifier." default:"nas-sim"`
	NoAccounting bool          `help:"Send no accounting."`
	Interim      time.Duration `help:"Time between interim updates; the server's wish if 0."`

	Out    io.Writer    `kong:"-"` // gets one line of JSON with the addresses when ready; os.Stdout if nil
	Logger *slog.Logger `kong:"-"`
}

// ready is the line that Command prints: where its parts listen.
type ready struct {
	ControlURL string `json:"control_url"`
	DAS        string `json:"das"`
	Name       string `json:"name"`
}

const (
	maxSecretFile   = 4096
	shutdownTimeout = 5 * time.Second
)

// Run serves until ctx ends, which is no error.
func (c *Command) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	n, err := New(cfg)
	if err != nil {
		return err
	}
	control, err := listenControl(ctx, c.Control)
	if err != nil {
		return err
	}
	if err := n.Start(ctx); err != nil {
		return errors.Join(err, control.Close())
	}
	defer n.Stop()
	if err := c.announce(n, control.Addr()); err != nil {
		return errors.Join(err, control.Close())
	}
	return serve(ctx, control, n.ControlHandler())
}

func (c *Command) config() (Config, error) {
	secret, err := c.secret()
	if err != nil {
		return Config{}, err
	}
	cfg := Config{
		Name: c.Name, AuthAddr: c.Auth, AcctAddr: c.Acct, Secret: secret,
		BindAddress: c.Bind, ListenDAS: c.DAS, Interim: c.Interim,
		SendMessageAuthenticator: true, SendAccounting: !c.NoAccounting, Logger: c.Logger,
	}
	for _, text := range c.DASClient {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return Config{}, fmt.Errorf("nas-sim: --das-client: %w", err)
		}
		cfg.DASClients = append(cfg.DASClients, prefix)
	}
	return cfg, nil
}

func (c *Command) secret() ([]byte, error) {
	if c.SecretFile == "" {
		return []byte(c.Secret), nil
	}
	file, err := os.Open(c.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("nas-sim: secret file: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile))
	if err != nil {
		return nil, fmt.Errorf("nas-sim: secret file: %w", err)
	}
	return bytes.TrimRight(text, "\r\n"), nil
}

// listenControl refuses anything but loopback: the API has no login.
func listenControl(ctx context.Context, address string) (net.Listener, error) {
	if !loopbackHost(address) {
		return nil, errors.New("nas-sim: the control API is for loopback only")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("nas-sim: control API: %w", err)
	}
	return listener, nil
}

func (c *Command) announce(n *NAS, control net.Addr) error {
	out := c.Out
	if out == nil {
		out = os.Stdout
	}
	return json.NewEncoder(out).Encode(ready{
		ControlURL: "http://" + control.String(), DAS: n.DASAddr(), Name: n.Name(),
	})
}

// ServeControl serves a NAS's control API on a loopback address until ctx ends.
func ServeControl(ctx context.Context, address string, n *NAS) error {
	control, err := listenControl(ctx, address)
	if err != nil {
		return err
	}
	return serve(ctx, control, n.ControlHandler())
}

// serve runs the control API and waits for its end.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stopped := make(chan error, 1)
	release := context.AfterFunc(ctx, func() {
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		stopped <- server.Shutdown(limit)
	})
	err := server.Serve(listener)
	if release() || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("nas-sim: control API: %w", err)
	}
	return <-stopped
}
