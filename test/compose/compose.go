// Package compose reads docker-compose.yml the way docker compose does, as far
// as that file goes: anchors, interpolation with required variables, and the
// parts of a service that tests ask about. Tests use it to hold the file to its
// promises and to start the same graph as plain processes.
package compose

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Project is a compose file after interpolation.
type Project struct {
	Name     string                    `yaml:"name"`
	Services map[string]Service        `yaml:"services"`
	Secrets  map[string]Secret         `yaml:"secrets"`
	Configs  map[string]Config         `yaml:"configs"`
	Networks map[string]Network        `yaml:"networks"`
	Volumes  map[string]map[string]any `yaml:"volumes"`
	// Raw is the whole document, for validation against the specification.
	Raw map[string]any `yaml:"-"`
}

// Service is one service of a project.
type Service struct {
	Image       string                `yaml:"image"`
	Entrypoint  []string              `yaml:"entrypoint"`
	Command     []string              `yaml:"command"`
	Environment map[string]string     `yaml:"environment"`
	Ports       []Port                `yaml:"ports"`
	DependsOn   map[string]Dependency `yaml:"depends_on"`
	Secrets     []string              `yaml:"secrets"`
	Configs     []Mount               `yaml:"configs"`
	Volumes     []string              `yaml:"volumes"`
	Networks    []string              `yaml:"networks"`
	NetworkMode string                `yaml:"network_mode"`
	Profiles    []string              `yaml:"profiles"`
	Restart     string                `yaml:"restart"`
	User        string                `yaml:"user"`
	ReadOnly    bool                  `yaml:"read_only"`
	CapDrop     []string              `yaml:"cap_drop"`
	CapAdd      []string              `yaml:"cap_add"`
	SecurityOpt []string              `yaml:"security_opt"`
	Deploy      struct {
		Replicas int `yaml:"replicas"`
	} `yaml:"deploy"`
	Healthcheck *struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

// Replicas is how many containers of the service run.
func (s Service) Replicas() int { return max(1, s.Deploy.Replicas) }

// Dependency is what a service waits for before it starts.
type Dependency struct {
	// Condition is service_started, service_healthy or
	// service_completed_successfully.
	Condition string `yaml:"condition"`
}

// Secret is a file of the host that containers find in /run/secrets.
type Secret struct {
	File string `yaml:"file"`
}

// Config is a file whose content stands in the compose file.
type Config struct {
	Content string `yaml:"content"`
}

// Mount puts a config into a container.
type Mount struct {
	Source string `yaml:"source"`
	Target string `yaml:"target"`
}

// Network joins containers.
type Network struct {
	// Internal networks have no way out of the host.
	Internal bool `yaml:"internal"`
}

// Port is a published port; ranges stay as they are written.
type Port struct {
	HostIP    string // empty: all addresses
	Published string
	Target    string
}

// UnmarshalYAML reads the short form, [[address:]published:]target.
func (p *Port) UnmarshalYAML(node *yaml.Node) error {
	parts := strings.Split(node.Value, ":")
	if len(parts) > 3 {
		return fmt.Errorf("line %d: port %q is not [[address:]published:]target", node.Line, node.Value)
	}
	p.Target = parts[len(parts)-1]
	if len(parts) > 1 {
		p.Published = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		p.HostIP = parts[0]
	}
	return nil
}

// Load reads a compose file with the given variables. A required variable that
// is missing or empty is an error that carries the file's own message.
func Load(path string, env map[string]string) (Project, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return Project{}, fmt.Errorf("read the compose file: %w", err)
	}
	var raw map[string]any
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return Project{}, fmt.Errorf("%s: %w", path, err)
	}
	filled, err := interpolate(raw, env)
	if err != nil {
		return Project{}, fmt.Errorf("%s: %w", path, err)
	}
	// Through text once more: the decoder then fills the types for us.
	plain, err := yaml.Marshal(filled)
	if err != nil {
		return Project{}, fmt.Errorf("%s: %w", path, err)
	}
	var project Project
	if err := yaml.Unmarshal(plain, &project); err != nil {
		return Project{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := yaml.NewDecoder(bytes.NewReader(plain)).Decode(&project.Raw); err != nil {
		return Project{}, fmt.Errorf("%s: %w", path, err)
	}
	return project, nil
}

// Order lists the services so that each comes after all it depends on, and
// alphabetically where that leaves a choice. A circle or a dependency on
// nothing is an error.
func (p Project) Order() ([]string, error) {
	var order []string
	state := map[string]int{} // 1: being visited, 2: listed
	var visit func(name string) error
	visit = func(name string) error {
		service, ok := p.Services[name]
		switch {
		case !ok:
			return fmt.Errorf("no service %s to depend on", name)
		case state[name] == 1:
			return fmt.Errorf("service %s depends on itself", name)
		case state[name] == 2:
			return nil
		}
		state[name] = 1
		for _, dependency := range slices.Sorted(maps.Keys(service.DependsOn)) {
			if err := visit(dependency); err != nil {
				return err
			}
		}
		state[name] = 2
		order = append(order, name)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(p.Services)) {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}
