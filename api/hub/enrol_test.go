package hub_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api/hub"
	"github.com/foyerhq/foyer/internal/wire"
)

func TestEnrolment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	id, secret := r.token("rack 1")
	key := newKey(t)

	status, first := p.enrol(enrolment(t, secret, key))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, id, first.AgentID)
	require.Equal(t, r.site.ID, first.SiteID)
	require.Equal(t, r.authority.Certificate(), first.CA)
	leaf, err := x509.ParseCertificate(first.Certificate)
	require.NoError(t, err)
	require.Equal(t, string(id), leaf.Subject.CommonName, "the token names the agent, not the request")
	require.True(t, key.PublicKey.Equal(leaf.PublicKey))
	require.WithinDuration(t, r.Clock.Now().Add(30*24*time.Hour), leaf.NotAfter, time.Second)
	require.WithinDuration(t, r.Clock.Now().Add(-24*time.Hour), leaf.NotBefore, time.Second)

	_, again := p.enrol(enrolment(t, secret, key))
	require.Equal(t, first, again, "an answer that was lost is given again")
	_, elsewhere := r.replica().enrol(enrolment(t, secret, key))
	require.Equal(t, first, elsewhere, "by any replica")
	status, _ = p.enrol(enrolment(t, secret, newKey(t)))
	require.Equal(t, http.StatusForbidden, status, "the token is used")
	require.Equal(t, 1, r.count("select count(*) from agent_certificates"))
}

func TestEnrolmentIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	_, secret := r.token("rack 1")
	key := newKey(t)
	good := enrolment(t, secret, key)
	damaged := csr(t, key)
	damaged[len(damaged)/2] ^= 1
	for name, refused := range map[string]struct {
		body   string
		status int
	}{
		"not JSON":          {"garbage", http.StatusUnprocessableEntity},
		"nothing":           {"", http.StatusUnprocessableEntity},
		"no request":        {`{"secret":"` + secret + `"}`, http.StatusUnprocessableEntity},
		"damaged request":   {`{"secret":"` + secret + `","csr":"` + base64.StdEncoding.EncodeToString(damaged) + `"}`, http.StatusUnprocessableEntity},
		"secret not base64": {enrolment(t, "!", key), http.StatusUnprocessableEntity},
		"unknown secret":    {enrolment(t, "AAAA", key), http.StatusForbidden},
		"no secret":         {enrolment(t, "", key), http.StatusForbidden},
		"oversized":         {`{"secret":"` + strings.Repeat("A", 20<<10) + `"}`, http.StatusUnprocessableEntity},
	} {
		status, _ := p.enrol(refused.body)
		require.Equal(t, refused.status, status, name)
	}
	r.Clock.Advance(time.Hour)
	status, _ := p.enrol(good)
	require.Equal(t, http.StatusForbidden, status, "the token's hour is over")
	require.Zero(t, r.count("select count(*) from agent_certificates"))
}

// Two replicas that start at once make one authority.
func TestReplicasShareTheAuthority(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	again, err := hub.OpenAuthority(t.Context(), r.Store, []string{"127.0.0.1"}, r.Clock.Now)
	require.NoError(t, err)
	require.Equal(t, r.authority.Certificate(), again.Certificate())
	require.Equal(t, r.authority.SPKI(), again.SPKI())
}

func TestLinkNeedsOurCertificate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")

	_, response, err := p.dialer(nil).DialContext(t.Context(), "wss://"+p.address+"/agent/ws", nil)
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, response.StatusCode, "no certificate")
	_ = response.Body.Close()

	stranger := p.dialer(nil)
	stranger.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &tls.Certificate{Certificate: [][]byte{forged(t, r, string(a.id), a.key)}, PrivateKey: a.key}, nil
	}
	_, response, err = stranger.DialContext(t.Context(), "wss://"+p.address+"/agent/ws", nil) //nolint:bodyclose // there is none
	require.Error(t, err, "a certificate of another authority")
	require.Nil(t, response)

	browser := http.Header{"Origin": {"https://" + p.address}}
	_, response, err = p.dialer(a.pair()).DialContext(t.Context(), "wss://"+p.address+"/agent/ws", browser)
	require.Error(t, err)
	require.Equal(t, http.StatusForbidden, response.StatusCode, "a browser")
	_ = response.Body.Close()

	unknown := newKey(t)
	request, err := x509.ParseCertificateRequest(csr(t, unknown))
	require.NoError(t, err)
	unstored, err := r.authority.Sign(a.id, request)
	require.NoError(t, err)
	p.connect(&agent{id: a.id, key: unknown, leaf: unstored.DER}).endsWith(wire.CloseUnknown, "a certificate that the registry does not know")

	p.follow(a)
}

// forged returns a certificate with the agent's name by somebody else.
func forged(t *testing.T, r *rig, name string, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: r.Clock.Now().Add(-time.Hour), NotAfter: r.Clock.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return der
}

// Behind a proxy that ends TLS, the first frame proves who the agent is.
func TestProof(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	challenged := func() (*link, []byte) {
		l := p.open(p.dialer(nil), "/agent/ws-proxy", a)
		l.begin()
		return l, expect[*wire.Challenge](l).Nonce
	}
	sign := func(key *ecdsa.PrivateKey, context string, nonce []byte) []byte {
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest([]byte(context), nonce))
		require.NoError(t, err)
		return signature
	}

	l, nonce := challenged()
	require.Len(t, nonce, sha256.Size)
	proof := &wire.Proof{Certificate: a.leaf, Signature: sign(a.key, wire.ProofContext, nonce)}
	l.send(proof, a.hello())
	require.Equal(t, int64(1), expect[*wire.Snapshot](l).Epoch)

	for name, wrong := range map[string]func(nonce []byte) wire.Frame{
		"replayed": func([]byte) wire.Frame { return proof },
		"another key": func(n []byte) wire.Frame {
			return &wire.Proof{Certificate: a.leaf, Signature: sign(newKey(t), wire.ProofContext, n)}
		},
		"signed for something else": func(n []byte) wire.Frame {
			return &wire.Proof{Certificate: a.leaf, Signature: sign(a.key, "something else", n)}
		},
		"no signature":   func([]byte) wire.Frame { return &wire.Proof{Certificate: a.leaf} },
		"no certificate": func(n []byte) wire.Frame { return &wire.Proof{Signature: sign(a.key, wire.ProofContext, n)} },
		"the authority's certificate": func(n []byte) wire.Frame {
			return &wire.Proof{Certificate: r.authority.Certificate(), Signature: sign(a.key, wire.ProofContext, n)}
		},
		"another authority": func(n []byte) wire.Frame {
			return &wire.Proof{Certificate: forged(t, r, string(a.id), a.key), Signature: sign(a.key, wire.ProofContext, n)}
		},
		"no proof": func([]byte) wire.Frame { return a.hello() },
	} {
		l, nonce := challenged()
		l.send(wrong(nonce))
		l.endsWith(websocket.ClosePolicyViolation, name)
	}
	require.Equal(t, int64(1), r.state(a.id).Epoch, "none of them became a connection")
}

func TestRenewalOverTheLiveLink(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.replica()
	a := p.agent("rack 1")
	old := *a
	r.Clock.Advance(20 * 24 * time.Hour)
	l := p.follow(a)
	key := newKey(t)
	l.send(&wire.Renew{CSR: csr(t, key)})
	renewed := expect[*wire.Certificate](l)
	require.WithinDuration(t, r.Clock.Now().Add(30*24*time.Hour), renewed.NotAfter, time.Second)
	nas := r.nas(1)
	require.Equal(t, string(nas.ID), expect[*wire.Entry](l).ObjectID, "the link goes on")

	a.key, a.leaf = key, renewed.Certificate
	l = p.follow(a)
	require.Equal(t, l.a.id, r.state(a.id).ID)
	old.epoch = a.epoch
	p.follow(&old) // until the new one has been seen to work
	old.epoch++

	r.Clock.Advance(10 * 24 * time.Hour)
	_, _, err := p.dialer(old.pair()).DialContext(t.Context(), "wss://"+p.address+"/agent/ws", nil) //nolint:bodyclose // there is none
	require.Error(t, err, "the old one is over")
	a.epoch = old.epoch
	l = p.follow(a)
	l.send(&wire.Renew{CSR: []byte("garbage")})
	l.endsWith(websocket.ClosePolicyViolation, "a request that is none")
}
