package stack

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// Reply is what radclient, the independent RADIUS client, got.
type Reply struct {
	Accepted, Rejected bool // neither: no answer
	SessionTimeout     int
	Text               string
}

var sessionTimeout = regexp.MustCompile(`Session-Timeout = (\d+)`)

// Radclient sends attributes (such as `User-Name=x,User-Password=y`) to the
// agent. Message-Authenticator is added.
func (s *Stack) Radclient(a *Agent, secret, attributes string) Reply {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "radclient", "-x", "-r", "3", "-t", "2", a.Auth, "auth", secret)
	command.Stdin = strings.NewReader(attributes + ",Message-Authenticator=0x00\n")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		require.NoError(s.t, err, "radclient is missing? apt-get install freeradius-utils")
	}
	text := out.String()
	reply := Reply{Accepted: strings.Contains(text, "Received Access-Accept"), Rejected: strings.Contains(text, "Received Access-Reject"), Text: text}
	if m := sessionTimeout.FindStringSubmatch(text); m != nil {
		reply.SessionTimeout, err = strconv.Atoi(m[1])
		require.NoError(s.t, err)
	}
	return reply
}
