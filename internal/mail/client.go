package mail

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	dialFor = 15 * time.Second
	// sendFor bounds the whole conversation. RFC 5321 4.5.3.2 would wait minutes at
	// each step; a delivery comes again.
	sendFor = 60 * time.Second
	// coolFor is how long a server that refused our password is left alone.
	coolFor = time.Minute
)

// Config is what a Client needs. Server is required.
type Config struct {
	Server Server
	Name   string      // ours, for EHLO; empty: localhost
	TLS    *tls.Config // nil: the system's authorities
	Now    func() time.Time
	// Within bounds a conversation; zero: sendFor.
	Within time.Duration
}

// Client hands messages to one mail server, each on a connection of its own. It is
// safe for concurrent use.
type Client struct {
	config Config

	mu        sync.Mutex // guards what follows
	coolUntil time.Time
}

// NewClient returns a client; nothing is dialled.
func NewClient(c Config) *Client {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Within <= 0 {
		c.Within = sendFor
	}
	if c.Name == "" {
		c.Name = "localhost"
	}
	return &Client{config: c}
}

// Send hands m over. When it returns nil the server has taken it for every
// recipient. See the package documentation for errors.
func (c *Client) Send(ctx context.Context, m Message) error {
	if err := c.cool(); err != nil {
		return err
	}
	text, err := m.bytes()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Within)
	defer cancel()
	failed := c.converse(ctx, m, text)
	if failed == nil {
		return nil
	}
	if failed.step == stepAuth {
		c.mu.Lock()
		c.coolUntil = c.config.Now().Add(coolFor)
		c.mu.Unlock()
	}
	return failed.explain()
}

func (c *Client) cool() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.coolUntil.Sub(c.config.Now())
	if left <= 0 {
		return nil
	}
	e := *errAuth
	e.RetryAfter = left
	return &e
}

// converse is one connection: greeting, TLS, authentication, envelope, message.
func (c *Client) converse(ctx context.Context, m Message, text []byte) *failure {
	conn, failed := c.dial(ctx)
	if failed != nil {
		return failed
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // the close above is the fence behind it
	}
	session, err := smtp.NewClient(conn, c.config.Server.Host)
	if err != nil {
		return failedAt(stepGreeting, err)
	}
	if err := session.Hello(c.config.Name); err != nil {
		return failedAt(stepGreeting, err)
	}
	if failed := c.secure(session); failed != nil {
		return failed
	}
	if failed := c.authenticate(session); failed != nil {
		return failed
	}
	if failed := hand(session, m, text); failed != nil {
		return failed
	}
	_ = session.Quit() // the message is theirs; how they say goodbye does not matter
	return nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, *failure) {
	ctx, cancel := context.WithTimeout(ctx, dialFor)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.config.Server.address())
	if err != nil {
		return nil, failedAt(stepDial, err)
	}
	if !c.config.Server.Implicit {
		return conn, nil
	}
	secured := tls.Client(conn, c.config.Server.tls(c.config.TLS))
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, failedAt(stepTLS, err)
	}
	return secured, nil
}

// secure turns TLS on (RFC 3207). A server that does not offer it may be one
// somebody in between has silenced.
func (c *Client) secure(session *smtp.Client) *failure {
	if c.config.Server.Implicit {
		return nil
	}
	if offered, _ := session.Extension("STARTTLS"); !offered {
		if c.config.Server.Plain {
			return nil
		}
		return failedAt(stepTLS, errNotOffered)
	}
	if err := session.StartTLS(c.config.Server.tls(c.config.TLS)); err != nil {
		return failedAt(stepTLS, err)
	}
	return nil
}

func (c *Client) authenticate(session *smtp.Client) *failure {
	s := c.config.Server
	if s.User == "" {
		return nil
	}
	_, offered := session.Extension("AUTH")
	mechanism := s.choose(strings.Fields(strings.ToUpper(offered)))
	if mechanism == nil {
		return failedAt(stepAuth, errNoMechanism)
	}
	if err := session.Auth(mechanism); err != nil {
		return failedAt(stepAuth, err)
	}
	return nil
}

// choose returns the mechanism to use. PLAIN and LOGIN refuse by themselves to
// tell a password to a server that is neither behind TLS nor on this machine.
func (s Server) choose(offered []string) smtp.Auth {
	for _, name := range mechanisms {
		if s.Auth != "" && !strings.EqualFold(s.Auth, name) || !slices.Contains(offered, name) {
			continue
		}
		switch name {
		case "SCRAM-SHA-256":
			return smtp.ScramSHA256Auth(s.User, s.Password)
		case "PLAIN":
			return smtp.PlainAuth("", s.User, s.Password, s.Host, false)
		case "LOGIN":
			return smtp.LoginAuth(s.User, s.Password, s.Host, false)
		case "CRAM-MD5":
			return smtp.CRAMMD5Auth(s.User, s.Password)
		}
	}
	return nil
}

// hand gives the envelope and the message.
func hand(session *smtp.Client, m Message, text []byte) *failure {
	session.SkipSMTPUTF8(isASCII(m.From.Address + m.To))
	if err := session.Mail("<" + m.From.Address + ">"); err != nil {
		return failedAt(stepSender, err)
	}
	if err := session.Rcpt("<" + m.To + ">"); err != nil {
		return failedAt(stepRecipient, err)
	}
	w, err := session.Data()
	if err != nil {
		return failedAt(stepMessage, err)
	}
	if _, err := w.Write(text); err != nil {
		return failedAt(stepMessage, err)
	}
	if err := w.Close(); err != nil {
		return failedAt(stepMessage, err)
	}
	return nil
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

var errAuth = visit.Errorf(visit.KindUnavailable, "mail_auth", "The mail server does not accept our user name and password.")
