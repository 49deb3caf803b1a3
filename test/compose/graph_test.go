package compose

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/test/stack"
)

// graph runs the services of the file as plain processes.
type graph struct {
	*substitution
	project    Project
	dir        string
	secrets    string // where make-secrets puts them
	containers map[string][]*container
	completed  map[string]bool
	left       map[string]string // services that do not run, and why
}

// container is one process in the place of a container.
type container struct {
	*stack.Process
	g       *graph
	name    string
	service Service
	ports   ports
	env     []string
}

// healthyWithin bounds what docker compose would wait without a limit.
const healthyWithin = 2 * time.Minute

// newGraph reads the file with the variables an operator would give, and makes
// the secrets by the script he would use. Agents find the API at that port of
// localhost.
func newGraph(t *testing.T, agentsPort string) *graph {
	t.Helper()
	dir, err := os.MkdirTemp("", "foyer-compose-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755)) // Postgres runs as another user
	secrets := filepath.Join(dir, "secrets")
	makeSecrets(t, secrets)
	project, err := Load(file, map[string]string{
		"FOYER_SECRETS": secrets, "FOYER_PUBLIC_URL": "https://foyer.example.org",
		"FOYER_AGENT_HOSTS": "localhost", "FOYER_AGENT_URL": "https://localhost:" + agentsPort, "FOYER_TRUSTED_PROXIES": loopback + "/32",
	})
	require.NoError(t, err)
	g := &graph{
		substitution: newSubstitution(t, project), project: project, dir: dir, secrets: secrets,
		containers: map[string][]*container{}, completed: map[string]bool{}, left: map[string]string{},
	}
	g.mount()
	return g
}

// mount puts what the file mounts somewhere and remembers where.
func (g *graph) mount() {
	g.t.Helper()
	for name, secret := range g.project.Secrets {
		text, err := os.ReadFile(secret.File)
		require.NoError(g.t, err)
		g.write("/run/secrets/"+name, g.text("content of secret "+name, string(text), nil))
	}
	for _, service := range g.project.Services {
		for _, config := range service.Configs {
			g.write(config.Target, g.text("config "+config.Source, g.project.Configs[config.Source].Content, nil))
		}
		for _, volume := range service.Volumes {
			_, target, _ := strings.Cut(volume, ":")
			g.mounted[target] = filepath.Join(g.dir, target)
			require.NoError(g.t, os.MkdirAll(g.mounted[target], 0o755))
		}
	}
}

func (g *graph) write(target, content string) {
	g.t.Helper()
	path := filepath.Join(g.dir, target)
	require.NoError(g.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(g.t, os.WriteFile(path, []byte(content), 0o644))
	g.mounted[target] = path
}

// up starts every service without a profile, each when what it depends on is as
// the file demands.
func (g *graph) up() {
	g.t.Helper()
	order, err := g.project.Order()
	require.NoError(g.t, err)
	for _, name := range order {
		if len(g.project.Services[name].Profiles) == 0 {
			g.await(name)
			g.start(name)
		}
	}
}

func (g *graph) await(name string) {
	g.t.Helper()
	service := g.project.Services[name]
	for _, other := range slices.Sorted(maps.Keys(service.DependsOn)) {
		switch condition := service.DependsOn[other].Condition; condition {
		case "service_completed_successfully":
			require.True(g.t, g.completed[other], "%s waits for %s", name, other)
		case "service_healthy":
			for _, c := range g.containers[other] {
				c.healthy()
			}
		default:
			require.Failf(g.t, "unknown condition", "%s: %s", name, condition)
		}
	}
}

// start starts a service's containers: those of our image as they stand, others
// by what stands for their image.
func (g *graph) start(name string) {
	g.t.Helper()
	began := time.Now()
	service := g.project.Services[name]
	ours := strings.HasPrefix(service.Image, "foyer:")
	if !ours && !slices.Contains([]string{"postgres", "temporal-schema", "temporal"}, name) {
		g.left[name] = "it runs the program of the image " + service.Image + ", which nothing here builds"
		return
	}
	for i := range service.Replicas() {
		c := g.container(name, i)
		switch {
		case ours && strings.HasPrefix(service.Restart, "on-failure"):
			g.job(c, stack.Binary(g.t), c.args()...)
		case ours:
			c.Process = stack.NewProcess(g.t, g.dir, c.name, c.env, c.args()...)
		case name == "postgres":
			g.postgres(c)
		case name == "temporal-schema":
			c.env = append(c.env, "PATH="+filepath.Join(stack.Root(), "bin")+":"+os.Getenv("PATH"))
			command := g.shell(c)
			g.job(c, command[0], command[1:]...)
		case name == "temporal":
			g.temporal(c)
		}
		if c.Process != nil {
			c.Start()
			g.containers[name] = append(g.containers[name], c)
		}
	}
	g.t.Logf("%s: started in %s", name, time.Since(began).Round(time.Millisecond))
}

// container prepares the i-th container of a service.
func (g *graph) container(name string, i int) *container {
	service := g.project.Services[name]
	c := &container{g: g, name: fmt.Sprintf("%s-%d", name, i+1), service: service, ports: ports{}}
	if i == 0 {
		c.ports = g.primary[name]
	}
	c.env = g.environment(c.name, service, c.ports)
	return c
}

func (c *container) args() []string { return c.g.texts(c.name+" command", c.service.Command, c.ports) }

// shell is the entry point and command of a service that the file gives both.
func (g *graph) shell(c *container) []string {
	return append(g.texts(c.name+" entrypoint", c.service.Entrypoint, c.ports), c.args()...)
}

// job runs a container that ends by itself, as often as its restart policy says.
func (g *graph) job(c *container, program string, args ...string) {
	g.t.Helper()
	var retries int
	_, err := fmt.Sscanf(c.service.Restart, "on-failure:%d", &retries)
	require.NoError(g.t, err, c.name)
	var output []byte
	for range 1 + retries {
		if output, err = g.run(c.env, program, args...); err == nil {
			g.completed[strings.TrimSuffix(c.name, "-1")] = true
			return
		}
	}
	require.NoError(g.t, err, "%s: %s", c.name, output)
}

// run runs a program to its end.
func (g *graph) run(env []string, program string, args ...string) ([]byte, error) {
	command := exec.CommandContext(g.t.Context(), program, args...)
	command.Dir, command.Env = g.dir, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + g.dir}, env...)
	return command.CombinedOutput()
}

// admin runs a command by hand, as `docker compose run --rm admin …`.
func (g *graph) admin(args ...string) string {
	g.t.Helper()
	output, err := g.run(g.container("admin", 0).env, stack.Binary(g.t), args...)
	require.NoError(g.t, err, string(output))
	return strings.TrimSpace(string(output))
}

// url is where the container's API is published.
func (c *container) url() string { return "http://" + loopback + ":" + c.ports["8080"] }

// healthy waits until the container's healthcheck succeeds.
func (c *container) healthy() {
	c.g.t.Helper()
	began := time.Now()
	require.Eventually(c.g.t, func() bool { return c.check() == nil }, healthyWithin, 100*time.Millisecond, "%s healthy", c.name)
	c.g.t.Logf("%s: healthy after %s", c.name, time.Since(began).Round(time.Millisecond))
}

// check runs the healthcheck's command.
func (c *container) check() error {
	require.NotNil(c.g.t, c.service.Healthcheck, c.name)
	command := c.service.Healthcheck.Test
	require.Equal(c.g.t, "CMD", command[0], c.name)
	args := c.g.texts(c.name+" healthcheck", command[2:], c.ports)
	switch program := command[1]; program {
	case "/foyer":
		_, err := c.g.run(nil, stack.Binary(c.g.t), args...)
		return err
	case "nc": // -z host port; this machine may have none
		address := net.JoinHostPort(command[3], c.g.port(c.ports, command[4]))
		c.g.note(c.name+" healthcheck", strings.Join(command[1:], " "), "a connection to "+address)
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return connection.Close()
	default:
		_, err := c.g.run(c.env, program, args...)
		return err
	}
}

// secret fills in a secret by hand.
func (g *graph) secret(name, text string) {
	g.t.Helper()
	require.NoError(g.t, os.WriteFile(filepath.Join(g.secrets, name), []byte(text+"\n"), 0o644))
	g.write("/run/secrets/"+name, text+"\n")
}

// profile starts the services of a profile, once the others are up.
func (g *graph) profile(profile string) {
	g.t.Helper()
	for name, service := range g.project.Services {
		if slices.Contains(service.Profiles, profile) {
			g.await(name)
			g.start(name)
		}
	}
}

// running lists the containers that have been started.
func (g *graph) running() []string {
	var names []string
	for _, containers := range g.containers {
		for _, c := range containers {
			names = append(names, c.name)
		}
	}
	return slices.Sorted(slices.Values(names))
}
