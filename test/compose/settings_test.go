package compose

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/app"
)

// Each variable the file gives to foyer is a setting of the command it runs,
// and each setting that command requires is given.
func TestVariablesAreSettings(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&app.CLI{})
	require.NoError(t, err)
	commands := map[string]*kong.Node{}
	for _, node := range parser.Model.Children {
		commands[node.Name] = node
	}
	for name, service := range load(t).Services {
		if !strings.HasPrefix(service.Image, "foyer:") || name == "admin" { // any command, by hand
			continue
		}
		command := commands[service.Command[0]]
		require.NotNil(t, command, "foyer %s", service.Command[0])
		known := map[string]*kong.Flag{}
		for _, flag := range append(command.Flags, parser.Model.Flags...) {
			for _, variable := range flag.Envs {
				known[variable] = flag
			}
		}
		for variable := range service.Environment {
			require.Contains(t, known, strings.TrimSuffix(variable, "_FILE"), "service %s", name)
		}
		for variable, flag := range known {
			if flag.Required {
				require.Contains(t, service.Environment, variable+"_FILE", "service %s", name)
			}
		}
	}
}
