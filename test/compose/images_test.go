package compose

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/stack"
)

// What the images that are not ours do before they run the file's command.

// postgres does what the entry point of the image does with a new volume: a
// cluster by the given arguments, the scripts for a new one, the command.
func (g *graph) postgres(c *container) {
	g.t.Helper()
	bin := g.postgresPrograms()
	account, own := g.postgresAccount()
	sockets := filepath.Join(g.dir, "run", "postgresql")
	require.NoError(g.t, os.MkdirAll(sockets, 0o755))
	own(sockets)
	own(g.mounted["/var/lib/postgresql/data"])
	c.env = append(c.env, "PATH="+bin+":"+os.Getenv("PATH"), "PGPORT="+g.port(c.ports, "5432"))
	g.note(c.name+" PGPORT", "the image's 5432", g.port(c.ports, "5432"))
	value := func(variable string) string { return lookup(c.env, variable) }

	password := filepath.Join(g.dir, "initdb-password")
	text, err := os.ReadFile(value("POSTGRES_PASSWORD_FILE"))
	require.NoError(g.t, err)
	require.NoError(g.t, os.WriteFile(password, text, 0o600))
	own(password)
	args := append([]string{"--username=postgres", "--pwfile=" + password, "--pgdata=" + value("PGDATA")}, strings.Fields(value("POSTGRES_INITDB_ARGS"))...)
	initdb := exec.CommandContext(g.t.Context(), filepath.Join(bin, "initdb"), args...)
	initdb.Dir, initdb.Env = "/", c.env
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	output, err := initdb.CombinedOutput()
	require.NoError(g.t, err, string(output))
	require.NoError(g.t, os.Remove(password))
	// The image's sample listens on all addresses; its sockets lie in a tmpfs.
	g.appendTo(filepath.Join(value("PGDATA"), "postgresql.conf"), "listen_addresses = '"+loopback+"'\nunix_socket_directories = '"+sockets+"'\n")

	command := c.args()
	c.Process = stack.NewProgram(g.t, g.dir, c.name, filepath.Join(bin, command[0]), account, c.env, command[1:]...)
	g.t.Cleanup(c.Stop)
	c.Start()
	ready := func() bool {
		_, err := g.run(append(c.env, "PGHOST="+sockets), "pg_isready", "--username=postgres")
		return err == nil
	}
	require.Eventually(g.t, ready, healthyWithin, 50*time.Millisecond, "postgres for its scripts")
	for _, config := range c.service.Configs {
		output, err := g.run(append(c.env, "PGHOST="+sockets), "sh", g.mounted[config.Target])
		require.NoError(g.t, err, "%s: %s", config.Target, output)
	}
	c.Stop() // as the entry point does: the scripts had a server of their own
}

func lookup(env []string, variable string) string {
	for _, setting := range env {
		if value, ok := strings.CutPrefix(setting, variable+"="); ok {
			return value
		}
	}
	return ""
}

func (g *graph) appendTo(path, text string) {
	g.t.Helper()
	conf, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(g.t, err)
	_, err = conf.WriteString(text)
	require.NoError(g.t, err)
	require.NoError(g.t, conf.Close())
}

// postgresPrograms is where the server's programs lie.
func (g *graph) postgresPrograms() string {
	g.t.Helper()
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	require.NoError(g.t, err)
	require.NotEmpty(g.t, dirs, "no Postgres server; scripts/ensure-tools postgres installs one")
	return dirs[len(dirs)-1]
}

// postgresAccount is who Postgres runs as, which refuses to be root, and what
// gives him a path.
func (g *graph) postgresAccount() (account *syscall.Credential, own func(path string)) {
	if os.Geteuid() != 0 {
		return nil, func(string) {}
	}
	found, err := user.Lookup("postgres")
	require.NoError(g.t, err)
	uid, err := strconv.Atoi(found.Uid)
	require.NoError(g.t, err)
	gid, err := strconv.Atoi(found.Gid)
	require.NoError(g.t, err)
	account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return account, func(path string) { require.NoError(g.t, os.Chown(path, uid, gid)) }
}

// temporal runs the command that the file gives, with the server in the place of
// the image's entry point.
func (g *graph) temporal(c *container) {
	g.t.Helper()
	server := filepath.Join(stack.Root(), "bin", "temporal-server")
	require.FileExists(g.t, server, "scripts/ensure-tools temporal-server builds it")
	program := filepath.Join(g.dir, "temporal-entrypoint")
	require.NoError(g.t, os.WriteFile(program, []byte("#!/bin/sh\nexec "+server+" --allow-no-auth start\n"), 0o755)) //nolint:gosec // it is a program
	g.programs["/etc/temporal/entrypoint.sh"] = program
	for i, setting := range c.env {
		if setting == "BIND_ON_IP=0.0.0.0" {
			c.env[i] = "BIND_ON_IP=" + loopback
			g.note(c.name+" BIND_ON_IP", "0.0.0.0", loopback)
		}
	}
	for variable, port := range map[string]string{
		"FRONTEND_GRPC_PORT": "7233", "FRONTEND_HTTP_PORT": "7243", "FRONTEND_MEMBERSHIP_PORT": "6933",
		"HISTORY_GRPC_PORT": "7234", "HISTORY_MEMBERSHIP_PORT": "6934", "MATCHING_GRPC_PORT": "7235", "MATCHING_MEMBERSHIP_PORT": "6935",
		"WORKER_GRPC_PORT": "7239", "WORKER_MEMBERSHIP_PORT": "6939",
	} {
		c.env = append(c.env, variable+"="+g.port(c.ports, port))
		g.note(c.name+" "+variable, "the image's "+port, g.port(c.ports, port))
	}
	command := g.shell(c)
	shell, err := exec.LookPath(command[0])
	require.NoError(g.t, err)
	c.Process = stack.NewProgram(g.t, g.dir, c.name, shell, nil, c.env, command[1:]...)
}
