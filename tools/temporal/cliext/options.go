package cliext

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/pflag"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
)

// CommonOptions are the flags of every command.
type CommonOptions struct {
	Env                     string
	EnvFile                 string
	ConfigFile              string
	Profile                 string
	DisableConfigFile       bool
	DisableConfigEnv        bool
	LogLevel                FlagStringEnum
	LogFormat               FlagStringEnum
	Output                  FlagStringEnum
	TimeFormat              FlagStringEnum
	Color                   FlagStringEnum
	NoJsonShorthandPayloads bool
	CommandTimeout          FlagDuration
	ClientConnectTimeout    FlagDuration
}

// Description heads the list of these flags.
func (*CommonOptions) Description() string { return "Options of every command.\n" }

// BuildFlags adds the flags to a set.
func (o *CommonOptions) BuildFlags(flags *pflag.FlagSet) {
	o.LogLevel = NewFlagStringEnum([]string{"debug", "info", "warn", "error", "never"}, "never")
	o.LogFormat = NewFlagStringEnum([]string{"text", "json", "pretty"}, "text")
	o.Output = NewFlagStringEnum([]string{"text", "json", "jsonl", "none"}, "text")
	o.TimeFormat = NewFlagStringEnum([]string{"relative", "iso", "raw"}, "relative")
	o.Color = NewFlagStringEnum([]string{"always", "never", "auto"}, "auto")
	flags.StringVar(&o.Env, "env", "default", "Environment to use.")
	flags.StringVar(&o.EnvFile, "env-file", "", "File with environments.")
	flags.StringVar(&o.ConfigFile, "config-file", "", "File with profiles.")
	flags.StringVar(&o.Profile, "profile", "", "Profile to use.")
	flags.BoolVar(&o.DisableConfigFile, "disable-config-file", false, "Read no file with profiles.")
	flags.BoolVar(&o.DisableConfigEnv, "disable-config-env", false, "Read no settings from the environment.")
	flags.Var(&o.LogLevel, "log-level", "Least level to log.")
	flags.Var(&o.LogFormat, "log-format", "Format of logs.")
	flags.VarP(&o.Output, "output", "o", "Format of output.")
	flags.Var(&o.TimeFormat, "time-format", "Format of times.")
	flags.Var(&o.Color, "color", "Whether to colour.")
	flags.BoolVar(&o.NoJsonShorthandPayloads, "no-json-shorthand-payloads", false, "Show raw payloads.")
	flags.Var(&o.CommandTimeout, "command-timeout", "Longest time a command may take; 0 is no limit.")
	flags.Var(&o.ClientConnectTimeout, "client-connect-timeout", "Longest time connecting may take; 0 is no limit.")
}

// ClientOptions are the flags of commands that connect to a server.
type ClientOptions struct {
	Address   string
	Namespace string
	APIKey    string
	Identity  string
	TLS       bool

	flags *pflag.FlagSet // where BuildFlags has put them
}

// Description heads the list of these flags.
func (*ClientOptions) Description() string { return "Options for connecting to a server.\n" }

// BuildFlags adds the flags to a set.
func (o *ClientOptions) BuildFlags(flags *pflag.FlagSet) {
	o.flags = flags
	flags.StringVar(&o.Address, "address", "", "Server as host:port. (default 127.0.0.1:7233)")
	flags.StringVarP(&o.Namespace, "namespace", "n", "", "Namespace. (default default)")
	flags.StringVar(&o.APIKey, "api-key", "", "API key to present.")
	flags.StringVar(&o.Identity, "identity", "", "Identity to act as.")
	flags.BoolVar(&o.TLS, "tls", false, "Connect by TLS.")
}

// HideFlags keeps them out of the help of each command.
func (o *ClientOptions) HideFlags() {
	for _, name := range []string{"address", "namespace", "api-key", "identity", "tls"} {
		o.flags.Lookup(name).Hidden = true
	}
}

// ClientOptionsBuilder makes the SDK's options: what a flag says, else the
// environment, else the profile.
type ClientOptionsBuilder struct {
	CommonOptions CommonOptions
	ClientOptions ClientOptions
	EnvLookup     envconfig.EnvLookup
	Logger        *slog.Logger
	// PayloadCodec stays nil: payloads are shown as they are stored.
	PayloadCodec converter.PayloadCodec
}

// Build returns the options to dial with.
func (b *ClientOptionsBuilder) Build(context.Context) (client.Options, error) {
	profile := b.CommonOptions.Profile
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{
		ConfigFilePath:    b.CommonOptions.ConfigFile,
		ConfigFileProfile: profile,
		DisableFile:       b.CommonOptions.DisableConfigFile,
		DisableEnv:        b.CommonOptions.DisableConfigEnv,
		EnvLookup:         b.EnvLookup,
	})
	if err != nil {
		return client.Options{}, fmt.Errorf("read the client's settings: %w", err)
	}
	override(&options.HostPort, b.ClientOptions.Address, "127.0.0.1:7233")
	override(&options.Namespace, b.ClientOptions.Namespace, "default")
	override(&options.Identity, b.ClientOptions.Identity, "")
	if b.ClientOptions.APIKey != "" {
		options.Credentials = client.NewAPIKeyStaticCredentials(b.ClientOptions.APIKey)
	}
	if b.ClientOptions.TLS && options.ConnectionOptions.TLS == nil {
		options.ConnectionOptions.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	options.Logger = log.NewStructuredLogger(b.Logger)
	return options, nil
}

// override puts the first that is set into place: flag, what is there, default.
func override(value *string, flag, otherwise string) {
	if flag != "" {
		*value = flag
	} else if *value == "" {
		*value = otherwise
	}
}

// NewLogger is the logger that the common flags ask for.
func NewLogger(options CommonOptions, output io.Writer) (*slog.Logger, error) {
	if options.LogLevel.Value == "never" {
		return slog.New(slog.DiscardHandler), nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(options.LogLevel.Value))); err != nil {
		return nil, fmt.Errorf("log level: %w", err)
	}
	settings := &slog.HandlerOptions{Level: level}
	if options.LogFormat.Value == "json" {
		return slog.New(slog.NewJSONHandler(output, settings)), nil
	}
	return slog.New(slog.NewTextHandler(output, settings)), nil
}
