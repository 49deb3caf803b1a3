package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
)

// Server is a mail server as --smtp-url names it.
type Server struct {
	Host     string
	Port     string
	User     string
	Password string
	Implicit bool   // TLS from the first octet (smtps, RFC 8314 3.3)
	Plain    bool   // go on without TLS where it is not offered
	Auth     string // plain, login, cram-md5, scram-sha-256; empty: the best offered
}

// mechanisms by preference. PLAIN comes before CRAM-MD5 because a connection with
// TLS is the rule, and servers that keep hashes of passwords have no other.
var mechanisms = []string{"SCRAM-SHA-256", "PLAIN", "LOGIN", "CRAM-MD5"}

// ParseServer reads smtp://user:password@host:587 or smtps://…:465. The query may
// say tls=optional, to go on without TLS, and auth=login and the like, to insist on
// a mechanism. Without TLS only a loopback server is spoken to unless tls=optional
// says otherwise. Errors do not quote the URL.
func ParseServer(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Server{}, errors.New("the SMTP URL does not parse; percent-encode special characters of the password")
	}
	s := Server{Host: u.Hostname(), Port: u.Port(), Implicit: u.Scheme == "smtps"}
	switch {
	case u.Scheme != "smtp" && u.Scheme != "smtps":
		return s, errors.New("the SMTP URL begins with neither smtp:// nor smtps://")
	case s.Host == "":
		return s, errors.New("the SMTP URL names no host")
	case s.Port == "" && s.Implicit:
		s.Port = "465"
	case s.Port == "":
		s.Port = "587"
	}
	s.User = u.User.Username()
	s.Password, _ = u.User.Password()
	return s, s.options(u.Query())
}

func (s *Server) options(query url.Values) error {
	for name, values := range query {
		switch value := values[0]; {
		case name == "tls" && value == "required":
		case name == "tls" && value == "optional":
			s.Plain = true
		case name == "auth" && slices.Contains([]string{"plain", "login", "cram-md5", "scram-sha-256"}, value):
			s.Auth = value
		default:
			return fmt.Errorf("the SMTP URL has an option %q that is not known; there are tls=optional and auth=plain|login|cram-md5|scram-sha-256", name)
		}
	}
	if ip, err := netip.ParseAddr(s.Host); s.Host == "localhost" || err == nil && ip.IsLoopback() {
		s.Plain = true
	}
	return nil
}

func (s Server) address() string { return net.JoinHostPort(s.Host, s.Port) }

// String leaves out the user and the password.
func (s Server) String() string { return s.address() }

// GoString is String.
func (s Server) GoString() string { return s.String() }

func (s Server) tls(base *tls.Config) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if base != nil {
		config = base.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	return config
}
