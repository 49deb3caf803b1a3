package mail_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/foyerhq/foyer/internal/mail"
	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/visit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func simple() mail.Message {
	return mail.Message{
		From: netmail.Address{Name: "Berlin", Address: "foyer@foyer.example"}, To: "canary@example.org",
		Subject: "Subject", Text: "text", HTML: "<p>html</p>", ID: "delivery-1@foyer.example", Date: time.Unix(1_800_000_000, 0).UTC(), Language: "en",
	}
}

// config is for the server as an operator would write it, or with what change says.
func config(s *mailtest.Server, change func(*mail.Config)) mail.Config {
	c := mail.Config{
		Server: mail.Server{Host: s.Host, Port: s.Port, User: mailtest.User, Password: mailtest.Password},
		TLS:    s.TLS, Within: 20 * time.Second,
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestAMailIsHandedOver(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		manners mailtest.Manners
		change  func(*mail.Config)
		plain   bool
	}{
		"STARTTLS":     {},
		"TLS at once":  {manners: mailtest.Manners{Implicit: true, NoTLS: true}, change: func(c *mail.Config) { c.Server.Implicit = true }},
		"LOGIN":        {manners: mailtest.Manners{Mechanisms: []string{"LOGIN"}}},
		"no sign-in":   {change: func(c *mail.Config) { c.Server.User = "" }},
		"allowed only": {manners: mailtest.Manners{NoTLS: true}, change: func(c *mail.Config) { c.Server.Plain = true }, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, of.manners)
			require.NoError(t, mail.NewClient(config(server, of.change)).Send(t.Context(), simple()))
			taken := server.Taken()
			require.Len(t, taken, 1)
			require.Equal(t, "foyer@foyer.example", taken[0].From)
			require.Equal(t, "canary@example.org", taken[0].To)
			require.Equal(t, !of.plain, taken[0].TLS)
			require.Equal(t, name != "no sign-in", taken[0].Login)
			require.Equal(t, "auto-generated", taken[0].Mail(t).Header.Get("Auto-Submitted"))
			require.Equal(t, "<delivery-1@foyer.example>", taken[0].Mail(t).Header.Get("Message-ID"))
		})
	}
}

// What a server's manners come to: whether it is tried again, when, under which
// code, and what an operator is told. No error says to whom or what the server said.
func TestBadManners(t *testing.T) {
	t.Parallel()
	soon := func(c *mail.Config) { c.Within = 500 * time.Millisecond }
	for name, of := range map[string]struct {
		manners mailtest.Manners
		change  func(*mail.Config)
		code    string
		status  int
		after   time.Duration
		says    string
	}{
		"421 at the greeting": {manners: mailtest.Manners{Greeting: 421}, code: "mail_unavailable", status: 421, after: time.Minute},
		"greylisting":         {manners: mailtest.Manners{Recipient: 450}, code: "mail_deferred", status: 450, after: 6 * time.Minute, says: "greylisting"},
		"no such mailbox":     {manners: mailtest.Manners{Recipient: 550}, code: "mail_rejected", status: 550, says: "refused the recipient"},
		"taken for spam":      {manners: mailtest.Manners{Message: 554}, code: "mail_rejected", status: 554, says: "refused the message"},
		"no room":             {manners: mailtest.Manners{Message: 452}, code: "mail_deferred", status: 452, after: 6 * time.Minute},
		"not our sender":      {manners: mailtest.Manners{Sender: 553}, code: "mail_sender", status: 553, after: 10 * time.Minute, says: "--mail-from"},
		"hangs after DATA":    {manners: mailtest.Manners{Hang: true}, change: soon, code: "mail_unavailable", after: time.Minute, says: "stopped answering (message): no answer in time"},
		"takes and is deaf":   {manners: mailtest.Manners{Deaf: true}, change: soon, code: "mail_unavailable", after: time.Minute},
		"hangs up":            {manners: mailtest.Manners{HangUp: true}, code: "mail_unavailable", after: time.Minute, says: "connection lost"},
		"no STARTTLS":         {manners: mailtest.Manners{NoTLS: true}, code: "mail_tls", after: 10 * time.Minute, says: "offers no STARTTLS"},
		"wrong certificate":   {manners: mailtest.Manners{WrongName: true}, code: "mail_tls", after: 10 * time.Minute, says: "certificate of another host"},
		"unknown authority":   {change: func(c *mail.Config) { c.TLS = &tls.Config{MinVersion: tls.VersionTLS12} }, code: "mail_tls", after: 10 * time.Minute, says: "unknown authority"},
		"password refused":    {manners: mailtest.Manners{RefuseLogin: true}, code: "mail_auth", status: 535, after: 10 * time.Minute, says: "refused user name and password"},
		"nothing in common":   {manners: mailtest.Manners{Mechanisms: []string{"GSSAPI"}}, code: "mail_auth", after: 10 * time.Minute, says: "no way to sign in"},
		"no password in clear": {
			// 0.0.0.0 leads to this machine, but is no name of it.
			manners: mailtest.Manners{NoTLS: true}, change: func(c *mail.Config) { c.Server.Plain, c.Server.Host = true, "0.0.0.0" },
			code: "mail_auth", after: 10 * time.Minute, says: "only without TLS",
		},
		"no TLS there": {
			manners: mailtest.Manners{NoTLS: true}, change: func(c *mail.Config) { c.Server.Implicit = true }, code: "mail_tls", after: 10 * time.Minute, says: "no TLS",
		},
		"no such host": {change: func(c *mail.Config) { c.Server.Host = "mail.invalid" }, code: "mail_unavailable", after: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, of.manners)
			err := mail.NewClient(config(server, of.change)).Send(t.Context(), simple())
			e, ok := errors.AsType[*visit.Error](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, of.code, e.Code, "%v: %v", err, e.Err)
			require.Equal(t, of.code == "mail_rejected", e.Kind == visit.KindInvalid)
			require.Equal(t, of.after, e.RetryAfter)
			require.Equal(t, of.status, mail.Status(err))
			require.Contains(t, mail.Diagnose(err), of.says)
			for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v", e.Err, e.Err), mail.Diagnose(err)} {
				require.NotContains(t, text, "canary")
				require.NotContains(t, text, "welcome", "the server's own words")
			}
		})
	}
}

// A refused password is not tried a thousand times.
func TestAServerThatRefusesOurPasswordIsLeftAlone(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Manners{RefuseLogin: true})
	now := time.Now()
	client := mail.NewClient(config(server, func(c *mail.Config) { c.Now = func() time.Time { return now } }))
	for range 10 {
		require.Equal(t, visit.KindUnavailable, visit.KindOf(client.Send(t.Context(), simple())))
	}
	require.Equal(t, 1, server.Dials()/2, "a session before STARTTLS and one after")
	server.Behave(mailtest.Manners{})
	now = now.Add(time.Minute)
	require.NoError(t, client.Send(t.Context(), simple()))
}

func TestSendingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Manners{Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		require.Equal(t, visit.KindUnavailable, visit.KindOf(mail.NewClient(config(server, nil)).Send(ctx, simple())))
	})
	require.Eventually(t, func() bool { return server.Dials() > 0 }, 5*time.Second, time.Millisecond)
	cancel()
	sending.Wait()
}

func TestAServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	client := mail.NewClient(mail.Config{Server: mail.Server{Host: "127.0.0.1", Port: port}, Within: 200 * time.Millisecond})
	require.Equal(t, visit.KindUnavailable, visit.KindOf(client.Send(t.Context(), simple())))
}

func TestParseServer(t *testing.T) {
	t.Parallel()
	s, err := mail.ParseServer("smtp://user%40x:p%3Aw%2F@mail.example")
	require.NoError(t, err)
	require.Equal(t, mail.Server{Host: "mail.example", Port: "587", User: "user@x", Password: "p:w/"}, s)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", s, s, s, s), "p:w")
	s, err = mail.ParseServer("smtps://mail.example")
	require.NoError(t, err)
	require.Equal(t, mail.Server{Host: "mail.example", Port: "465", Implicit: true}, s)
	s, err = mail.ParseServer("smtp://[::1]:25?auth=login")
	require.NoError(t, err)
	require.Equal(t, mail.Server{Host: "::1", Port: "25", Plain: true, Auth: "login"}, s, "loopback needs no TLS")
	s, err = mail.ParseServer("smtp://10.0.0.1:25?tls=optional")
	require.NoError(t, err)
	require.True(t, s.Plain)
	for _, bad := range []string{"", "mail.example", "http://mail.example", "smtp://", "smtp://a:canary@%zz", "smtp://h?tls=off", "smtp://h?auth=ntlm", "smtp://h?x=1"} {
		_, err := mail.ParseServer(bad)
		require.Error(t, err, bad)
		require.False(t, strings.Contains(err.Error(), "canary"))
	}
}
