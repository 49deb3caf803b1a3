package cliext

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FlagDuration is a duration flag that knows days, which Go's syntax does not.
type FlagDuration time.Duration

// ParseFlagDuration reads Go's syntax, or a number of days such as 30d.
func ParseFlagDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		number, err := strconv.ParseFloat(days, 64)
		if err != nil {
			return 0, fmt.Errorf("invalid duration %q: %w", text, err)
		}
		return time.Duration(number * float64(24*time.Hour)), nil
	}
	return time.ParseDuration(text)
}

// MustParseFlagDuration is for the generated code's own defaults.
func MustParseFlagDuration(text string) FlagDuration {
	duration, err := ParseFlagDuration(text)
	if err != nil {
		panic(err)
	}
	return FlagDuration(duration)
}

// Duration is the value in Go's terms.
func (d FlagDuration) Duration() time.Duration { return time.Duration(d) }

// String implements pflag.Value.
func (d *FlagDuration) String() string { return d.Duration().String() }

// Type implements pflag.Value.
func (d *FlagDuration) Type() string { return "duration" }

// Set implements pflag.Value.
func (d *FlagDuration) Set(text string) error {
	duration, err := ParseFlagDuration(text)
	*d = FlagDuration(duration)
	return err
}

// FlagTimestamp is a flag for an instant in RFC 3339.
type FlagTimestamp time.Time

// Time is the value in Go's terms.
func (t FlagTimestamp) Time() time.Time { return time.Time(t) }

// String implements pflag.Value.
func (t *FlagTimestamp) String() string { return t.Time().Format(time.RFC3339) }

// Type implements pflag.Value.
func (t *FlagTimestamp) Type() string { return "timestamp" }

// Set implements pflag.Value.
func (t *FlagTimestamp) Set(text string) error {
	instant, err := time.Parse(time.RFC3339, text)
	*t = FlagTimestamp(instant)
	return err
}

// FlagStringEnum is a flag that takes one of a few words.
type FlagStringEnum struct {
	Allowed            []string
	Value              string
	ChangedFromDefault bool
}

// NewFlagStringEnum is a flag with a default.
func NewFlagStringEnum(allowed []string, value string) FlagStringEnum {
	return FlagStringEnum{Allowed: allowed, Value: value}
}

// String implements pflag.Value.
func (e *FlagStringEnum) String() string { return e.Value }

// Type implements pflag.Value.
func (e *FlagStringEnum) Type() string { return "string" }

// Set implements pflag.Value.
func (e *FlagStringEnum) Set(text string) (err error) {
	e.Value, err = oneOf(e.Allowed, text)
	e.ChangedFromDefault = true
	return err
}

// FlagStringEnumArray is a flag that may be given several times.
type FlagStringEnumArray struct {
	Allowed []string
	Values  []string
}

// NewFlagStringEnumArray is a flag with defaults, which given values join.
func NewFlagStringEnumArray(allowed, values []string) FlagStringEnumArray {
	return FlagStringEnumArray{Allowed: allowed, Values: values}
}

// String implements pflag.Value.
func (e *FlagStringEnumArray) String() string { return strings.Join(e.Values, ",") }

// Type implements pflag.Value.
func (e *FlagStringEnumArray) Type() string { return "string[]" }

// Set implements pflag.Value.
func (e *FlagStringEnumArray) Set(text string) error {
	value, err := oneOf(e.Allowed, text)
	if err != nil {
		return err
	}
	e.Values = append(e.Values, value)
	return nil
}

// oneOf finds a word whatever its case and returns it as it is spelt in the list.
func oneOf(allowed []string, text string) (string, error) {
	i := slices.IndexFunc(allowed, func(word string) bool { return strings.EqualFold(word, text) })
	if i < 0 {
		return "", fmt.Errorf("%q is not one of %s", text, strings.Join(allowed, ", "))
	}
	return allowed[i], nil
}
