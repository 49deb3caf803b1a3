package nas

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// parse fills a Command from a command line, as cmd/foyer does.
func parse(t *testing.T, args ...string) *Command {
	t.Helper()
	var cli struct {
		NASSim Command `cmd:"" name:"nas-sim"`
	}
	parser, err := kong.New(&cli, kong.Exit(func(int) { t.Error("kong wants to exit") }))
	require.NoError(t, err)
	_, err = parser.Parse(append([]string{"nas-sim"}, args...))
	require.NoError(t, err)
	return &cli.NASSim
}

func TestCommandServesUntilItIsTold(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	s := serveRADIUS(t, conn)
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))

	command := parse(t, "--auth", s.addr(), "--acct", s.addr(), "--secret-file", file, "--das", "127.0.0.1:0",
		"--control", "127.0.0.1:0", "--name", "demo", "--interim", "1m", "--das-client", "127.0.0.0/8")
	reader, writer := io.Pipe()
	command.Out = writer
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- command.Run(ctx) }()

	line, err := bufio.NewReader(reader).ReadBytes('\n')
	require.NoError(t, err)
	var at ready
	require.NoError(t, json.Unmarshal(line, &at))
	require.Equal(t, "demo", at.Name)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Post(at.ControlURL+"/login", "application/json", strings.NewReader(loginJSON))
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(body), `"accepted":true`)

	stop()
	require.NoError(t, <-done)
	// A free port may be somebody else's by now, or connect to itself.
	answer, err = client.Get(at.ControlURL + "/sessions")
	if err == nil {
		require.NoError(t, answer.Body.Close())
		require.NotEqual(t, http.StatusOK, answer.StatusCode, "nothing of ours listens any more")
	}
}

func TestCommandRefuses(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	for name, args := range map[string][]string{
		"no secret":                 {},
		"no secret file":            {"--secret-file", missing},
		"control beyond loopback":   {"--secret", "s", "--control", "0.0.0.0:0"},
		"control on every address":  {"--secret", "s", "--control", ":0"},
		"bind that is no address":   {"--secret", "s", "--bind", "here"},
		"server that is no address": {"--secret", "s", "--auth", "127.0.0.1"},
		"client that is no network": {"--secret", "s", "--das-client", "127.0.0.1"},
		"DAS address not ours":      {"--secret", "s", "--control", "127.0.0.1:0", "--das", "192.0.2.1:0"},
	} {
		command := parse(t, args...)
		command.Out = io.Discard
		require.Error(t, command.Run(t.Context()), name)
	}
}
