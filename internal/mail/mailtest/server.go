// Package mailtest is a mail server for tests, by another implementation than the
// client's, with the manners that mail servers have.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// User and Password are what the server accepts.
const (
	User     = "foyer"
	Password = "canary-smtp-password"
)

// Manners are how a server behaves; the zero value is a good one with TLS.
type Manners struct {
	NoTLS       bool     // STARTTLS is not offered
	Implicit    bool     // TLS from the first octet
	Mechanisms  []string // offered to those who want to sign in; nil: PLAIN
	Greeting    int      // this status to EHLO
	Sender      int      // to MAIL
	Recipient   int      // to RCPT
	Message     int      // to the end of the message
	Once        bool     // the statuses above are given once
	Hang        bool     // never answers after DATA
	Deaf        bool     // takes the message and never answers
	HangUp      bool     // closes in the middle of the message
	WrongName   bool     // its certificate is of another host
	RefuseLogin bool
}

// Taken is a message the server has answered for, or has at least read.
type Taken struct {
	From, To string
	Raw      []byte
	TLS      bool
	Login    bool
}

// Mail parses the message.
func (m Taken) Mail(t testing.TB) *mail.Message {
	t.Helper()
	message, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	require.NoError(t, err)
	return message
}

// Server is a mail server on loopback.
type Server struct {
	Host string // 127.0.0.1
	Port string
	TLS  *tls.Config // that trusts it

	stop chan struct{} // closed at the end; who hangs leaves

	mu      sync.Mutex // guards what follows
	manners Manners
	taken   []Taken
	dials   int
}

// Start starts a server that ends with the test.
func Start(t testing.TB, manners Manners) *Server {
	t.Helper()
	s := &Server{manners: manners, stop: make(chan struct{})}
	certificate, pool := authority(t, manners.WrongName)
	s.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain, server.AllowInsecureAuth, server.EnableSMTPUTF8 = "mail.example", true, true
	server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if !manners.NoTLS {
		server.TLSConfig = config
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.Host, s.Port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	if manners.Implicit {
		listener = tls.NewListener(listener, config)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		close(s.stop)
		_ = server.Close()
		serving.Wait()
	})
	return s
}

// Behave changes the manners.
func (s *Server) Behave(m Manners) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manners = m
}

// Taken returns the messages so far.
func (s *Server) Taken() []Taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Taken{}, s.taken...)
}

// Dials returns how many sessions were begun.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// status returns a refusal of the manners, with the address in it as servers do.
func (s *Server) status(of func(*Manners) *int, address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := of(&s.manners)
	if *code == 0 {
		return nil
	}
	refusal := &smtp.SMTPError{Code: *code, EnhancedCode: smtp.EnhancedCode{*code / 100, 7, 1}, Message: "<" + address + "> is not welcome"}
	if s.manners.Once {
		*code = 0
	}
	return refusal
}

type session struct {
	*Server
	conn *smtp.Conn
	m    Taken
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	s.dials++
	s.mu.Unlock()
	if err := s.status(func(m *Manners) *int { return &m.Greeting }, "you"); err != nil {
		return nil, err
	}
	return &session{Server: s, conn: c}, nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manners.Mechanisms != nil {
		return s.manners.Mechanisms
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.manners.RefuseLogin || user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.m.Login = true
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case sasl.Login:
		return &login{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// login is the mechanism LOGIN, which the library knows as a client only.
type login struct {
	check func(user, password string) error
	user  *string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		l.user = new(string(response))
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.m.From = from
	return s.status(func(m *Manners) *int { return &m.Sender }, from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.To = to
	return s.status(func(m *Manners) *int { return &m.Recipient }, to)
}

func (s *session) Data(r io.Reader) error {
	s.mu.Lock()
	manners := s.manners
	s.mu.Unlock()
	switch {
	case manners.Hang:
		<-s.stop
		return errors.New("never")
	case manners.HangUp:
		_, _ = io.ReadFull(r, make([]byte, 100))
		_ = s.conn.Conn().Close()
		return errors.New("gone")
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.status(func(m *Manners) *int { return &m.Message }, s.m.To); err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mu.Lock()
	s.taken = append(s.taken, Taken{From: s.m.From, To: s.m.To, Raw: raw, TLS: encrypted, Login: s.m.Login})
	s.mu.Unlock()
	if manners.Deaf {
		<-s.stop
	}
	return nil
}

// authority makes a certificate for the server, and the pool that trusts it.
func authority(t testing.TB, wrongName bool) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	if wrongName {
		template.DNSNames = []string{"other.example"}
	} else {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
