package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// ExportReport is the outcome of verifying an export.
type ExportReport struct {
	Report
	At          time.Time    `json:"at"` // of the export
	Chains      []SpanReport `json:"chains"`
	Checkpoints int          `json:"checkpoints"`
	// KeysPinned: signatures were checked with keys that the caller brought.
	// Otherwise with those of the file, which whoever wrote the file could choose.
	KeysPinned bool `json:"keys_pinned"`
}

// SpanReport is what an export holds of a chain. A piece that does not begin with
// row 1 begins with the hash that its first row names: what was before is not
// judged.
type SpanReport struct {
	Chain    string `json:"chain"`
	First    int64  `json:"first_seq"`
	Last     int64  `json:"last_seq"`
	Complete bool   `json:"from_the_beginning"`
}

// ErrNoExport is a file that does not begin with an export's manifest.
var ErrNoExport = errors.New("audit: this is no export")

// ParsePublicKey reads a key to pin: 64 hexadecimal digits.
func ParsePublicKey(text string) (ed25519.PublicKey, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("audit: a public key is %d hexadecimal digits", 2*ed25519.PublicKeySize)
	}
	return key, nil
}

// ManifestPlace stands for the chain where what is wrong with an export is not a
// row: its manifest, keys or checkpoints.
const ManifestPlace = "manifest"

// VerifyExport checks an export by itself, in memory that does not grow with its
// rows: every row's hash, that rows follow each other from the manifest's first to
// its last, and that checkpoints agree. It trusts the keys given, or those in the
// file where none are. The error is of reading; what is wrong is in the report.
func VerifyExport(source io.Reader, pinned ...ed25519.PublicKey) (ExportReport, error) {
	in := readRecords(source)
	first, err := in.next()
	document, ok := first.(manifestDocument)
	if !ok {
		return ExportReport{}, ErrNoExport
	}
	v := &exportVerifier{keys: pinned, pinned: len(pinned) > 0, anchors: map[string]map[int64][]anchor{}}
	if v.manifest, err = settle(document, err); err != nil {
		v.wrong(err.Error())
	}
	for {
		record, err := in.next()
		if errors.Is(err, io.EOF) {
			return v.report(), nil
		}
		if errors.Is(err, errStopped) {
			return v.report(), err
		}
		v.add(record, err)
	}
}

func settle(d manifestDocument, err error) (Manifest, error) {
	m, malformed := d.manifest()
	return m, errors.Join(err, malformed)
}

type exportVerifier struct {
	manifest Manifest
	keys     []ed25519.PublicKey
	pinned   bool
	begun    bool // past the keys: the manifest's signature has been judged
	bad      *BadRow

	keyCount, checkpointCount int
	rows                      int64
	anchors                   map[string]map[int64][]anchor // of checkpoints, by chain and row
	span                      int                           // of the manifest, being read
	head                      Head                          // of that span
}

// wrong keeps the first finding, about the manifest and what belongs to it.
func (v *exportVerifier) wrong(reason string) { v.fail(ManifestPlace, 0, reason) }

func (v *exportVerifier) fail(chain string, seq int64, reason string) {
	if v.bad == nil {
		v.bad = &BadRow{Chain: chain, Seq: seq, Reason: reason}
	}
}

func (v *exportVerifier) add(record any, err error) {
	if key, ok := record.(keyRecord); ok && !v.begun {
		v.addKey(key, err)
		return
	}
	v.begin()
	if checkpoint, ok := record.(checkpointRecord); ok && v.rows == 0 {
		v.addCheckpoint(checkpoint, err)
		return
	}
	row, ok := record.(rowRecord)
	if !ok { // not readable as anything, or out of its place
		v.addRow(Row{}, errSpelling)
		return
	}
	read, malformed := row.row()
	v.addRow(read, errors.Join(err, malformed))
}

func (v *exportVerifier) addKey(record keyRecord, err error) {
	v.keyCount++
	key, malformed := ParsePublicKey(record.Key)
	if err = errors.Join(err, malformed); err != nil {
		v.wrong("a public key is malformed")
		return
	}
	if CheckpointKeyID(key) != record.KeyID || hex.EncodeToString(key) != record.Key {
		v.wrong("a public key does not have its id")
	}
	if !v.pinned {
		v.keys = append(v.keys, key)
	}
}

// begin judges the manifest, once all keys are known.
func (v *exportVerifier) begin() {
	if v.begun {
		return
	}
	v.begun = true
	if err := verifyManifest(v.manifest, v.keys); err != nil {
		v.wrong(err.Error())
	} else if v.keyCount != v.manifest.Keys {
		v.wrong(fmt.Sprintf("%d public keys, the manifest says %d", v.keyCount, v.manifest.Keys))
	}
	v.enter()
}

// enter begins the span that comes next.
func (v *exportVerifier) enter() {
	if v.span < len(v.manifest.Chains) {
		s := v.manifest.Chains[v.span]
		v.head = Head{Chain: s.Chain, Seq: s.First - 1, Hash: s.PrevHash}
	}
}

func (v *exportVerifier) addCheckpoint(record checkpointRecord, err error) {
	v.checkpointCount++
	checkpoint, malformed := record.checkpoint()
	if err = errors.Join(err, malformed); err == nil {
		err = VerifyCheckpoint(checkpoint, v.keys...)
	}
	if err != nil {
		v.wrong(fmt.Sprintf("the checkpoint of chain %.40q at row %d: %v", record.Chain, record.Seq, err))
		return
	}
	if v.anchors[checkpoint.Chain] == nil {
		v.anchors[checkpoint.Chain] = map[int64][]anchor{}
	}
	of := v.anchors[checkpoint.Chain]
	of[checkpoint.Seq] = append(of[checkpoint.Seq], anchor{hash: checkpoint.Hash, source: "a signed checkpoint"})
}

// addRow judges the row that stands where the manifest wants the next one.
func (v *exportVerifier) addRow(row Row, err error) {
	v.checkpoints()
	v.rows++
	if v.bad != nil {
		return
	}
	if v.span >= len(v.manifest.Chains) {
		v.fail(row.Chain, row.Seq, "added: it is behind the last row of the manifest")
		return
	}
	span := v.manifest.Chains[v.span]
	position := v.head.Seq + 1
	if reason := v.judge(span, position, row, err); reason != "" {
		v.fail(span.Chain, position, reason)
		return
	}
	v.head = Head{Chain: row.Chain, Seq: row.Seq, Hash: row.Hash}
	if row.Seq == span.Last {
		v.span++
		v.enter()
	}
}

func (v *exportVerifier) judge(span Span, position int64, row Row, err error) string {
	if err != nil {
		return "altered: " + err.Error()
	}
	if row.Chain != span.Chain {
		return "missing: the next row is of another chain"
	}
	p := progress{head: v.head, anchors: v.anchors[span.Chain]}
	if reason := p.judge(position, row); reason != "" {
		return reason
	}
	if position == span.Last && !bytes.Equal(row.Hash, span.Hash) {
		return "rewritten: the manifest has another hash"
	}
	return ""
}

// checkpoints are complete where rows begin, or the file ends.
func (v *exportVerifier) checkpoints() {
	if v.rows == 0 && v.checkpointCount != v.manifest.Checkpoints {
		v.wrong(fmt.Sprintf("%d checkpoints, the manifest says %d", v.checkpointCount, v.manifest.Checkpoints))
	}
}

func (v *exportVerifier) report() ExportReport {
	v.begin()
	v.checkpoints()
	if v.span < len(v.manifest.Chains) {
		span := v.manifest.Chains[v.span]
		v.fail(span.Chain, v.head.Seq+1, fmt.Sprintf("missing: the file ends here, but the manifest goes on to row %d", span.Last))
	}
	r := ExportReport{
		Report: Report{OK: v.bad == nil, Rows: v.rows, FirstBad: v.bad},
		At:     v.manifest.At, Chains: []SpanReport{}, Checkpoints: v.checkpointCount, KeysPinned: v.pinned,
	}
	for _, s := range v.manifest.Chains {
		r.Chains = append(r.Chains, SpanReport{Chain: s.Chain, First: s.First, Last: s.Last, Complete: s.First == 1})
	}
	return r
}
