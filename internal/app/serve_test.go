package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlainHTTPStaysAtHome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings HTTP
		want     error
	}{
		{HTTP{Listen: "127.0.0.1:8080"}, nil},
		{HTTP{Listen: "localhost:8080"}, nil},
		{HTTP{Listen: "[::1]:8080"}, nil},
		{HTTP{Listen: "0.0.0.0:8080"}, errPlainHTTP},
		{HTTP{Listen: ":8080"}, errPlainHTTP},
		{HTTP{Listen: "192.0.2.1:8080"}, errPlainHTTP},
		{HTTP{Listen: ":8080", AllowPlainHTTP: true}, nil},
	} {
		config, err := c.settings.tlsConfig()
		require.ErrorIs(t, err, c.want, c.settings.Listen)
		require.Nil(t, config)
	}
}

func TestACME(t *testing.T) {
	t.Parallel()
	config, err := HTTP{Listen: ":443", ACMEHosts: []string{"foyer.example.org"}, ACMEDir: t.TempDir()}.tlsConfig()
	require.NoError(t, err)
	require.Contains(t, config.NextProtos, "acme-tls/1")
	_, err = config.GetCertificate(&tls.ClientHelloInfo{ServerName: "evil.example.org"})
	require.ErrorContains(t, err, "not configured", "certificates are asked for the hosts of the settings only")
}

// A renewed certificate is used without a restart, and half a renewal is not
// used at all.
func TestCertificateFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &certificateFiles{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	_, err := f.get(nil)
	require.Error(t, err, "no certificate yet")

	start := time.Now().Add(-time.Hour)
	writePair(t, f, 1, start)
	require.Equal(t, int64(1), serialOf(t, f))

	writePair(t, f, 2, start.Add(time.Minute))
	require.Equal(t, int64(1), serialOf(t, f), "looked at a moment ago")
	f.lookedAt = time.Time{}
	require.Equal(t, int64(2), serialOf(t, f))

	other := &certificateFiles{cert: filepath.Join(dir, "other.pem"), key: filepath.Join(dir, "other-key.pem")}
	writePair(t, other, 3, start)
	body, err := os.ReadFile(other.cert)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.cert, body, 0o600))
	f.lookedAt = time.Time{}
	require.Equal(t, int64(2), serialOf(t, f), "its key has not come yet")
	body, err = os.ReadFile(other.key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.key, body, 0o600))
	f.lookedAt = time.Time{}
	require.Equal(t, int64(3), serialOf(t, f))
}

func serialOf(t *testing.T, f *certificateFiles) int64 {
	t.Helper()
	pair, err := f.get(nil)
	require.NoError(t, err)
	return pair.Leaf.SerialNumber.Int64()
}

// writePair writes a self-signed certificate and its key, as changed at an
// instant: file systems keep time too coarsely to tell quick changes apart.
func writePair(t *testing.T, f *certificateFiles, serial int64, changed time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "foyer"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for path, block := range map[string]*pem.Block{f.cert: {Type: "CERTIFICATE", Bytes: der}, f.key: {Type: "PRIVATE KEY", Bytes: private}} {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		require.NoError(t, os.Chtimes(path, changed, changed))
	}
}
