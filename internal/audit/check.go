package audit

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
)

const (
	maxFields = 32
	maxText   = 256
)

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// Check reports why a row may not be written. Beside the types it refuses what
// looks like personal data or free text: blanks, control characters, anything
// beyond ASCII, "@", and MAC and IP addresses. It is a fence against mistakes; a
// single plain name passes it. Errors never quote a value.
func Check(row Row) error {
	if row.Chain == "" || row.Actor == "" || row.Action == "" || row.At.IsZero() {
		return errors.New("audit: chain, instant, actor and action are required")
	}
	if len(row.Body) > maxFields {
		return fmt.Errorf("audit: %d body fields, at most %d", len(row.Body), maxFields)
	}
	for name, text := range map[string]string{
		"chain": row.Chain, "actor": row.Actor, "action": row.Action, "event_id": row.EventID, "object": row.Object,
	} {
		if err := checkText(text); err != nil {
			return fmt.Errorf("audit: %s: %w", name, err)
		}
	}
	for name, value := range row.Body {
		if !fieldName.MatchString(name) {
			return errors.New("audit: a body field's name is not snake_case")
		}
		if err := checkValue(value); err != nil {
			return fmt.Errorf("audit: body field %s: %w", name, err)
		}
	}
	return encodable(row)
}

func checkValue(value any) error {
	text, ok := value.(string)
	switch {
	case ok:
		return checkText(text)
	case !encodableValue(value):
		return fmt.Errorf("a %T, want a string, an integer below 2^53 or a boolean", value)
	default:
		return nil
	}
}

func checkText(text string) error {
	if len(text) > maxText {
		return fmt.Errorf("%d bytes, at most %d", len(text), maxText)
	}
	for _, char := range []byte(text) {
		if char <= ' ' || char > '~' || char == '@' {
			return errors.New("holds a character that ids, kinds and hashes have not")
		}
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return errors.New("is an IP address")
	}
	if _, err := net.ParseMAC(text); err == nil {
		return errors.New("is a MAC address")
	}
	return nil
}
