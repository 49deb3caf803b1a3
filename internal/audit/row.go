package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// Deployment is the chain of what concerns no single site: users, tokens, sites.
const Deployment = "deployment"

const (
	documentVersion = 1
	instantLayout   = "2006-01-02T15:04:05.000000Z"
	maxInt          = 1<<53 - 1
)

// Row is one entry of a chain.
type Row struct {
	Chain    string         // a site's id, or Deployment
	Seq      int64          // from 1, without gaps
	At       time.Time      // hashed and stored in microseconds
	Actor    string         // "user:<id>", "system:sweeper", …
	Action   string         // what was done: "visit.check_in"
	EventID  string         // the event recorded with it, if any
	Object   string         // what it was done to: "visit:<id>", if anything
	Body     map[string]any // string, int64 and bool values only
	PrevHash []byte         // Hash of the row before, empty for row 1
	Hash     []byte
}

// Head is the end of a chain: the number and hash of its last row. The zero
// Seq with an empty Hash is a chain without rows.
type Head struct {
	Chain string
	Seq   int64
	Hash  []byte
}

type document struct {
	Version  int            `json:"v"`
	Chain    string         `json:"chain"`
	Seq      int64          `json:"seq"`
	At       string         `json:"at"`
	Actor    string         `json:"actor"`
	Action   string         `json:"action"`
	EventID  string         `json:"event_id"`
	Object   string         `json:"object"`
	Body     map[string]any `json:"body"`
	PrevHash string         `json:"prev_hash"`
}

// Append makes row the next of its chain: it sets Chain, Seq, PrevHash and Hash,
// rounds At down to the microsecond and turns instants, named string types and ints
// in Body into plain strings and int64. It refuses rows that Check refuses.
func Append(head Head, row Row) (Row, Head, error) {
	row.Chain, row.Seq, row.PrevHash = head.Chain, head.Seq+1, head.Hash
	row.At = row.At.UTC().Truncate(time.Microsecond)
	row.Body = plain(row.Body)
	if err := Check(row); err != nil {
		return Row{}, head, err
	}
	hash, err := Hash(row)
	if err != nil {
		return Row{}, head, err
	}
	row.Hash = hash
	return row, Head{Chain: row.Chain, Seq: row.Seq, Hash: hash}, nil
}

// Hash computes what row.Hash must be. It fails only for a row that Append could
// never have made, because no unambiguous document exists for it.
func Hash(row Row) ([]byte, error) {
	text, err := Canonical(row)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// Canonical returns the RFC 8785 document that Hash hashes.
func Canonical(row Row) ([]byte, error) {
	if err := encodable(row); err != nil {
		return nil, err
	}
	body := row.Body
	if body == nil {
		body = map[string]any{} // an absent body and an empty one are the same row
	}
	return canonical(document{
		Version: documentVersion, Chain: row.Chain, Seq: row.Seq, At: Instant(row.At),
		Actor: row.Actor, Action: row.Action, EventID: row.EventID, Object: row.Object,
		Body: body, PrevHash: hex.EncodeToString(row.PrevHash),
	})
}

// Instant writes an instant as audit documents do, for use in bodies.
func Instant(at time.Time) string { return at.UTC().Format(instantLayout) }

// ParseBody reads a stored body. Unlike a plain unmarshal it keeps integers
// exact.
func ParseBody(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		return nil, fmt.Errorf("audit: body: %w", err)
	}
	for name, value := range body {
		number, ok := value.(json.Number)
		if !ok {
			continue
		}
		n, err := number.Int64()
		if err != nil {
			return nil, fmt.Errorf("audit: body field %q is not an integer", name)
		}
		body[name] = n
	}
	return body, nil
}

func canonical(document any) ([]byte, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("audit: encode: %w", err)
	}
	text, err = jcs.Transform(text)
	if err != nil {
		return nil, fmt.Errorf("audit: canonical form: %w", err)
	}
	return text, nil
}

// encodable guards the one-to-one relation between rows and documents: what
// encoding/json would silently replace (invalid UTF-8) or RFC 8785 round (large
// or fractional numbers) has no document.
func encodable(row Row) error {
	if row.Seq < 1 || row.Seq > maxInt {
		return errors.New("audit: sequence number out of range")
	}
	if year := row.At.UTC().Year(); year < 1 || year > 9999 {
		return errors.New("audit: instant out of range")
	}
	for _, text := range []string{row.Chain, row.Actor, row.Action, row.EventID, row.Object} {
		if !utf8.ValidString(text) {
			return errors.New("audit: invalid UTF-8")
		}
	}
	for name, value := range row.Body {
		if !utf8.ValidString(name) || !encodableValue(value) {
			return fmt.Errorf("audit: body field %q has no canonical form", name)
		}
	}
	return nil
}

func encodableValue(value any) bool {
	switch v := value.(type) {
	case string:
		return utf8.ValidString(v)
	case int64:
		return -maxInt <= v && v <= maxInt
	case bool:
		return true
	default:
		return false
	}
}

// plain turns what callers naturally have (instants, named string types, ints of
// any size) into the three types of a body; everything else stays for Check to
// refuse.
func plain(body map[string]any) map[string]any {
	body = maps.Clone(body)
	for name, value := range body {
		body[name] = plainValue(value)
	}
	return body
}

func plainValue(value any) any {
	if at, ok := value.(time.Time); ok {
		return Instant(at)
	}
	v := reflect.ValueOf(value)
	switch {
	case !v.IsValid():
		return nil
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	case v.CanInt():
		return v.Int()
	default:
		return value
	}
}
