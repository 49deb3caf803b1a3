package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// An export is a sequence of records: the signed manifest, the public keys, the
// signed checkpoints within its range, then the rows of each chain in order. As
// NDJSON each record is an object on a line of its own, its kind first; as CSV a
// line with the same fields, those it has not being empty.
const (
	kindManifest   = "foyer.audit.export"
	kindKey        = "foyer.audit.key"
	kindCheckpoint = "foyer.audit.checkpoint"
	kindRow        = "foyer.audit.row"
)

// Format is how an export is written.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

type keyRecord struct {
	Kind  string `json:"kind"`
	KeyID string `json:"key_id"`
	Key   string `json:"key"` // Ed25519, hexadecimal
}

type checkpointRecord struct {
	Kind      string `json:"kind"`
	Chain     string `json:"chain"`
	Seq       int64  `json:"seq"`
	At        string `json:"at"`
	Hash      string `json:"hash"`
	KeyID     string `json:"key_id"`
	Signature string `json:"signature"`
}

type rowRecord struct {
	Kind     string          `json:"kind"`
	Chain    string          `json:"chain"`
	Seq      int64           `json:"seq"`
	At       string          `json:"at"`
	Actor    string          `json:"actor"`
	Action   string          `json:"action"`
	EventID  string          `json:"event_id"`
	Object   string          `json:"object"`
	Body     json.RawMessage `json:"body"` // RFC 8785
	PrevHash string          `json:"prev_hash"`
	Hash     string          `json:"hash"`
}

// Exporter writes an export: the manifest first, then keys, checkpoints and rows.
// It is not safe for concurrent use.
type Exporter struct {
	w      io.Writer
	encode func(record any) ([]byte, error)
}

// NewExporter writes to w, which should be buffered.
func NewExporter(w io.Writer, format Format) (*Exporter, error) {
	switch format {
	case NDJSON:
		return &Exporter{w, encodeLine}, nil
	case CSV:
		head, err := encodeCells(columns)
		if err == nil {
			_, err = w.Write(head)
		}
		return &Exporter{w, encodeCSV}, err
	}
	return nil, errors.New("audit: an export is ndjson or csv")
}

func (e *Exporter) write(record any) error {
	line, err := e.encode(record)
	if err == nil {
		_, err = e.w.Write(line)
	}
	return err
}

// Manifest writes the manifest.
func (e *Exporter) Manifest(m Manifest) error { return e.write(m.document()) }

// Key writes a public key.
func (e *Exporter) Key(key ed25519.PublicKey) error {
	return e.write(keyRecord{Kind: kindKey, KeyID: CheckpointKeyID(key), Key: hex.EncodeToString(key)})
}

// Checkpoint writes a checkpoint.
func (e *Exporter) Checkpoint(c Checkpoint) error {
	return e.write(checkpointRecord{
		Kind: kindCheckpoint, Chain: c.Chain, Seq: c.Seq, At: Instant(c.At), Hash: hex.EncodeToString(c.Hash),
		KeyID: c.KeyID, Signature: hex.EncodeToString(c.Signature),
	})
}

// Row writes a row.
func (e *Exporter) Row(row Row) error {
	body := row.Body
	if body == nil {
		body = map[string]any{}
	}
	text, err := canonical(body)
	if err != nil {
		return err
	}
	return e.write(rowRecord{
		Kind: kindRow, Chain: row.Chain, Seq: row.Seq, At: Instant(row.At), Actor: row.Actor, Action: row.Action,
		EventID: row.EventID, Object: row.Object, Body: text,
		PrevHash: hex.EncodeToString(row.PrevHash), Hash: hex.EncodeToString(row.Hash),
	})
}

// encodeLine is the only spelling of a record: what differs from it was altered.
func encodeLine(record any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(record)
	return line.Bytes(), err
}

func encodeCSV(record any) ([]byte, error) {
	cells, err := cellsOf(record)
	if err != nil {
		return nil, err
	}
	return encodeCells(cells)
}

func encodeCells(cells []string) ([]byte, error) {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	err := w.Write(cells)
	w.Flush()
	return line.Bytes(), errors.Join(err, w.Error())
}

// columns of the CSV are the fields of all records. content is what has no column
// of its own: a row's body, the manifest, a key.
var columns = []string{
	"kind", "chain", "seq", "at", "actor", "action", "event_id", "object", "content", "prev_hash", "hash", "key_id", "signature",
}

func cellsOf(record any) ([]string, error) {
	var cells []string
	switch r := record.(type) {
	case manifestDocument:
		line, err := encodeLine(r)
		if err != nil {
			return nil, err
		}
		cells = []string{r.Kind, "", "", r.At, "", "", "", "", strings.TrimSuffix(string(line), "\n"), "", "", r.KeyID, ""}
	case keyRecord:
		cells = []string{r.Kind, "", "", "", "", "", "", "", r.Key, "", "", r.KeyID, ""}
	case checkpointRecord:
		cells = []string{r.Kind, r.Chain, strconv.FormatInt(r.Seq, 10), r.At, "", "", "", "", "", "", r.Hash, r.KeyID, r.Signature}
	case rowRecord:
		cells = []string{
			r.Kind, r.Chain, strconv.FormatInt(r.Seq, 10), r.At, r.Actor, r.Action, r.EventID, r.Object, string(r.Body),
			r.PrevHash, r.Hash, "", "",
		}
	}
	for i := range cells {
		cells[i] = guardCell(cells[i])
	}
	return cells, nil
}

// guardCell keeps a spreadsheet from taking a text for a formula. A cell that
// already begins with the guard gets another, so that reading back is exact.
func guardCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		return "'" + text
	}
	return text
}

func unguardCell(cell string) string { return strings.TrimPrefix(cell, "'") }
