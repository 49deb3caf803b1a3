package seal

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "seal.Keyring(redacted)"

// String hides the keys.
func (r *Keyring) String() string { return redacted }

// GoString hides the keys.
func (r *Keyring) GoString() string { return redacted }

// Format hides the keys for every verb, also those that skip String (%x, %d).
func (r *Keyring) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, redacted) }

// LogValue hides the keys from slog.
func (r *Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the keys from text encoders, and from JSON and YAML, which use it.
func (r *Keyring) MarshalText() ([]byte, error) { return []byte(redacted), nil }
