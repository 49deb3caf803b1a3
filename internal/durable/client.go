package durable

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"

	"github.com/foyerhq/foyer/internal/seal"
)

// DefaultNamespace is what a dev server offers from the start.
const DefaultNamespace = "default"

// Config says how to reach Temporal. Address and Keys are required.
type Config struct {
	Address   string // host:port of the frontend
	Namespace string // DefaultNamespace when empty
	Identity  string // how the server names this process; the SDK's pid@host when empty
	TLS       *tls.Config
	Keys      *seal.Keyring // the deployment keys; the codec derives its own

	Logger       *slog.Logger                    // slog.Default when nil
	Metrics      *Metrics                        // none when nil
	Interceptors []interceptor.ClientInterceptor // tracing, for example
}

// Dial returns a client that connects when it is first used and again whenever the
// connection is lost, so that a process starts while Temporal is down. It fails
// only for a configuration that cannot work. Calls take their deadline from their
// context; the caller closes the client.
func Dial(config Config) (client.Client, error) {
	if config.Address == "" || config.Keys == nil {
		return nil, errors.New("durable: a Temporal address and the deployment keys are required")
	}
	if config.Namespace == "" {
		config.Namespace = DefaultNamespace
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	c, err := client.NewLazyClient(config.options())
	if err != nil {
		return nil, fmt.Errorf("durable: temporal client: %w", err)
	}
	return c, nil
}

func (c Config) options() client.Options {
	data := NewDataConverter(NewCodec(c.Keys, c.Namespace))
	options := client.Options{
		HostPort: c.Address, Namespace: c.Namespace, Identity: c.Identity,
		Logger: NewLogger(c.Logger), Interceptors: c.Interceptors,
		DataConverter: data, FailureConverter: NewFailureConverter(data),
		ConnectionOptions: client.ConnectionOptions{
			TLS: c.TLS,
			// Sealed payloads do not compress; trying costs both sides CPU.
			GrpcCompression: &client.GrpcCompressionNone{},
		},
	}
	if c.Metrics != nil {
		options.MetricsHandler = c.Metrics.Handler()
	}
	return options
}

// TLSFiles names the PEM files for a Temporal server that wants TLS. Authority may
// be empty (the system's roots then count), Certificate and Key go together.
type TLSFiles struct {
	Authority   string
	Certificate string
	Key         string
	ServerName  string // when the certificate is not for the address's host
}

// Load makes the TLS configuration. The client certificate is read anew at each
// handshake, so that renewing the files needs no restart.
func (f TLSFiles) Load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.Authority != "" {
		pem, err := os.ReadFile(f.Authority)
		if err != nil {
			return nil, fmt.Errorf("durable: certificate authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("durable: no certificate in %s", f.Authority)
		}
	}
	if f.Certificate == "" && f.Key == "" {
		return config, nil
	}
	if _, err := f.pair(nil); err != nil {
		return nil, err
	}
	config.GetClientCertificate = f.pair
	return config, nil
}

func (f TLSFiles) pair(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("durable: client certificate: %w", err)
	}
	return &pair, nil
}
