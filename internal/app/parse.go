package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// Main parses the arguments and runs the command until it is done or the
// process is told to stop. It returns the process's exit code.
func Main(args []string, version string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cli := &CLI{}
	parser, err := newParser(cli, configPath(args))
	if err != nil {
		fmt.Fprintln(os.Stderr, "foyer:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	program := &Program{Version: version, Logger: newLogger(cli.Log, os.Stderr), Out: os.Stdout}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(program); err != nil {
		fmt.Fprintln(os.Stderr, "foyer:", err)
		return 1
	}
	return 0
}

// newParser makes the command line's parser; path names the YAML file, if any.
func newParser(cli *CLI, path string) (*kong.Kong, error) {
	file, err := readSettings(path)
	if err != nil {
		return nil, err
	}
	return kong.New(cli,
		kong.Name("foyer"),
		kong.Description("A self-hosted visit engine for guest WiFi."),
		kong.UsageOnError(),
		kong.Resolvers(fileSettings(file), secretFiles()),
	)
}

// configPath finds the YAML file before the parser exists that will read it.
func configPath(args []string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			return value
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv("FOYER_CONFIG")
}

const maxSettings = 1 << 20

func readSettings(path string) (map[string]any, error) {
	if path == "" {
		return nil, nil
	}
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	settings := map[string]any{}
	if len(body) > maxSettings {
		return nil, fmt.Errorf("%s is too long to be settings", path)
	}
	if err := yaml.Unmarshal(body, &settings); err != nil {
		return nil, fmt.Errorf("%s is not YAML", path) // its text may hold secrets
	}
	return settings, nil
}

// fileSettings looks flags up in the YAML file, by name with dashes or
// underscores. The environment comes first; kong asks resolvers all the same.
func fileSettings(settings map[string]any) kong.Resolver {
	var f kong.ResolverFunc = func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if inEnvironment(flag) {
			return nil, nil
		}
		for _, name := range []string{flag.Name, strings.ReplaceAll(flag.Name, "-", "_")} {
			value, ok := settings[name]
			if list, isList := value.([]any); isList {
				return joined(list), nil
			}
			if ok {
				return fmt.Sprint(value), nil
			}
		}
		return nil, nil
	}
	return f
}

func joined(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}

// secretFiles reads a secret from the file that its variable's _FILE twin
// names, so that it need not stand in the environment.
func secretFiles() kong.Resolver {
	var f kong.ResolverFunc = func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !flag.Tag.Has("secret") || inEnvironment(flag) {
			return nil, nil
		}
		for _, name := range flag.Envs {
			path := os.Getenv(name + "_FILE")
			if path == "" {
				continue
			}
			body, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if len(body) > maxSettings {
				return nil, errors.New(name + "_FILE is too long to be a secret")
			}
			return strings.TrimSpace(string(body)), nil
		}
		return nil, nil
	}
	return f
}

func inEnvironment(flag *kong.Flag) bool {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return true
		}
	}
	return false
}
