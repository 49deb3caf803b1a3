package api

import (
	"encoding/json"
	"errors"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// formats are what bodies may be: JSON whose texts are texts.
func formats() map[string]huma.Format {
	format := huma.Format{Marshal: marshal, Unmarshal: unmarshal}
	return map[string]huma.Format{"application/json": format, "json": format}
}

// marshal writes v, or panics where it cannot be written: nothing has been sent then,
// and recovered makes it a problem. As an error it would become text behind a 200.
func marshal(w io.Writer, v any) error {
	err := huma.DefaultJSONFormat.Marshal(w, v)
	_, value := errors.AsType[*json.UnsupportedValueError](err)
	_, marshaler := errors.AsType[*json.MarshalerError](err)
	if value || marshaler {
		panic(err)
	}
	return err
}

var errUnreadable = errors.New("a text holds control characters or is not UTF-8")

// unmarshal is json.Unmarshal, but huma's first look at a body, which is into an
// any, also refuses texts that are none.
func unmarshal(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errUnreadable
	}
	if err := json.Unmarshal(data, into); err != nil {
		return err
	}
	if whole, ok := into.(*any); ok && !allReadable(*whole) {
		return errUnreadable
	}
	return nil
}

func allReadable(v any) bool {
	switch v := v.(type) {
	case string:
		return readable(v)
	case []any:
		for _, element := range v {
			if !allReadable(element) {
				return false
			}
		}
	case map[string]any:
		for name, element := range v {
			if !readable(name) || !allReadable(element) {
				return false
			}
		}
	}
	return true
}

// readable reports whether s is text: no control characters but those that lay
// text out.
func readable(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return utf8.ValidString(s)
}
