package store

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/foyerhq/foyer/internal/visit"
)

// cursor is the place in a list after which the next part begins: the last row's
// sorting key. Callers treat its text as opaque; it holds no personal data.
type cursor struct {
	At    *time.Time `json:"t,omitempty"`
	ID    *string    `json:"i,omitempty"`
	Chain *string    `json:"c,omitempty"`
	Seq   *int64     `json:"s,omitempty"`
}

const maxCursor = 256

var errCursor = visit.Invalid("cursor", "This is not a cursor that a list gave.")

func (c cursor) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // instants beyond the year 9999 are not stored
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor reads what text returned, and checks that it is of the right list.
// No text is the beginning.
func parseCursor(text string, fits func(cursor) bool) (cursor, error) {
	var c cursor
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text[:min(len(text), maxCursor)])
	if err != nil || json.Unmarshal(raw, &c) != nil || !fits(c) {
		return c, errCursor
	}
	if c.ID != nil && uuid.Validate(*c.ID) != nil {
		return c, errCursor
	}
	return c, nil
}

func byTime(c cursor) bool  { return c.At != nil && c.ID != nil }
func byID(c cursor) bool    { return c.At == nil && c.ID != nil }
func byChain(c cursor) bool { return c.At != nil && c.Chain != nil && c.Seq != nil }

// cut takes the row too many, which says that there is more, off a page.
func cut[T any](rows []T, limit int, key func(T) cursor) ([]T, string) {
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], key(rows[limit-1]).text()
}
