// Package controller asks the controllers of networks what package gate composes.
//
// It goes to no address but those of the calls, which are made of a portal's settings
// alone, follows no redirection, and reads a bounded answer. What a controller says is
// never part of an error.
package controller

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/foyerhq/foyer/internal/gate"
	"github.com/foyerhq/foyer/internal/visit"
)

const (
	maxAnswer = 64 << 10
	// maxCalls is more than any vendor needs in a row.
	maxCalls = 8
	// CallFor bounds all calls of one order, where the context does not.
	CallFor = 5 * time.Second
)

// Client asks. It is safe for concurrent use.
type Client struct {
	// Dial replaces the network, for tests; nil: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Do makes a call, and those that follow from the answers, within CallFor. It returns
// what the last answer was judged as, and a KindUnavailable error where there is none.
func (c *Client) Do(ctx context.Context, s gate.Settings, call *gate.Call) error {
	ctx, cancel := context.WithTimeout(ctx, CallFor)
	defer cancel()
	transport := &http.Transport{TLSClientConfig: s.TLS(), DialContext: c.Dial, DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range maxCalls {
		answer, err := ask(ctx, client, call)
		if err != nil {
			return err
		}
		if call, err = call.Read(answer); err != nil || call == nil {
			return err
		}
	}
	return fmt.Errorf("controller: more than %d calls: %w", maxCalls, gate.ErrController)
}

func ask(ctx context.Context, client *http.Client, call *gate.Call) (gate.Answer, error) {
	r, err := http.NewRequestWithContext(ctx, call.Method, call.URL.String(), bytes.NewReader(call.Body))
	if err != nil {
		return gate.Answer{}, gate.ErrController
	}
	for name, value := range call.Header {
		r.Header.Set(name, value)
	}
	response, err := client.Do(r)
	if err != nil {
		return gate.Answer{}, silent(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return gate.Answer{}, silent(err)
	}
	if len(body) > maxAnswer {
		return gate.Answer{}, gate.ErrController
	}
	return gate.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// silent leaves out what the address is, which names the site's network.
func silent(err error) error {
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return visit.Unavailable("the network's controller, in time,", nil)
	}
	return visit.Unavailable("the network's controller", nil)
}
