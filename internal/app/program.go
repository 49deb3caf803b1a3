package app

import (
	"io"
	"log/slog"
)

// Program is what every command is given.
type Program struct {
	Version string
	Logger  *slog.Logger
	Out     io.Writer // answers to people and scripts; logs go elsewhere
}

func newLogger(c Log, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
