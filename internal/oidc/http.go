package oidc

import (
	"errors"
	"io"
	"net/http"
)

// maxAnswer is the longest answer of a provider that is read: key sets and tokens
// with many groups are far below.
const maxAnswer = 512 << 10

// limitedClient asks a provider. Which one is the operator's setting and may well
// be in their own network, so that addresses are not judged.
func limitedClient() *http.Client {
	return &http.Client{
		Timeout: askWithin, Transport: limited{http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// limited bounds what is read of each answer.
type limited struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &bounded{response.Body, maxAnswer}
	return response, nil
}

type bounded struct {
	io.ReadCloser
	left int
}

var errTooLong = errors.New("oidc: the answer is too long")

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
