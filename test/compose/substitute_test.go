package compose

import (
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/devstack"
)

// loopback is the host that stands for every container: the processes share one
// network, so that ports tell them apart.
const loopback = "127.0.0.1"

// substitution is the one thing that processes need and containers do not: host
// names, ports and the paths of what is mounted. It keeps a table of all it did.
type substitution struct {
	t        *testing.T
	hosts    []string          // the services' names
	primary  map[string]ports  // a service's first container, whom its name means
	mounted  map[string]string // path in a container: path here
	programs map[string]string // path in an image: path here
	table    map[string]bool
}

// ports maps a container's ports to ours.
type ports map[string]string

func newSubstitution(t *testing.T, project Project) *substitution {
	s := &substitution{
		t: t, hosts: slices.Sorted(maps.Keys(project.Services)), primary: map[string]ports{},
		mounted: map[string]string{}, programs: map[string]string{}, table: map[string]bool{},
	}
	for _, name := range s.hosts {
		s.primary[name] = ports{}
	}
	return s
}

// port returns what stands for a container's port.
func (s *substitution) port(own ports, container string) string {
	if own[container] == "" {
		own[container] = freePort(s.t)
	}
	return own[container]
}

// freePort is free for TCP and for UDP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port, err := devstack.FreePort()
		require.NoError(t, err)
		if udp, err := net.ListenPacket("udp", fmt.Sprintf("%s:%d", loopback, port)); err == nil {
			require.NoError(t, udp.Close())
			return strconv.Itoa(port)
		}
	}
	require.FailNow(t, "no free port")
	return ""
}

var (
	ownAddress = regexp.MustCompile(`\b(0\.0\.0\.0|127\.0\.0\.1):(\d+)\b`)
	hostPort   = regexp.MustCompile(`\b([a-z-]+):(\d+)\b`)
)

// text substitutes in one text of a container that has these ports of its own.
func (s *substitution) text(where, text string, own ports) string {
	text = ownAddress.ReplaceAllStringFunc(text, func(match string) string {
		parts := ownAddress.FindStringSubmatch(match)
		return s.note(where, match, parts[1]+":"+s.port(own, parts[2]))
	})
	text = hostPort.ReplaceAllStringFunc(text, func(match string) string {
		parts := hostPort.FindStringSubmatch(match)
		if !slices.Contains(s.hosts, parts[1]) {
			return match
		}
		return s.note(where, match, loopback+":"+s.port(s.primary[parts[1]], parts[2]))
	})
	for _, paths := range []map[string]string{s.mounted, s.programs} {
		for _, path := range slices.Backward(slices.Sorted(maps.Keys(paths))) { // the longest first
			if strings.Contains(text, path) {
				text = strings.ReplaceAll(text, path, s.note(where, path, paths[path]))
			}
		}
	}
	return text
}

// note writes a line of the table and returns to. The line holds what is
// substituted alone, since around it there may be a secret.
func (s *substitution) note(where, from, to string) string {
	s.table[fmt.Sprintf("%-42s %s -> %s", where, from, to)] = true
	return to
}

// environment is the service's, as NAME=value.
func (s *substitution) environment(name string, service Service, own ports) []string {
	var env []string
	for _, variable := range slices.Sorted(maps.Keys(service.Environment)) {
		where, value := name+" "+variable, service.Environment[variable]
		switch {
		case strings.HasSuffix(variable, "_HOST") || strings.HasSuffix(variable, "_SEEDS"):
			require.Contains(s.t, s.hosts, value, where)
			value = s.note(where, value, loopback)
		case strings.HasSuffix(variable, "_PORT"):
			value = s.note(where, value, s.port(s.primary["postgres"], value))
		}
		env = append(env, variable+"="+s.text(where, value, own))
	}
	return env
}

func (s *substitution) texts(where string, texts []string, own ports) []string {
	var result []string
	for _, text := range texts {
		result = append(result, s.text(where, text, own))
	}
	return result
}

// print shows the table.
func (s *substitution) print() {
	s.t.Logf("What is substituted, and nothing else:\n%s", strings.Join(slices.Sorted(maps.Keys(s.table)), "\n"))
}
