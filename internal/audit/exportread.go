package audit

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxLine bounds a line of an export: the manifest names every chain.
const maxLine = 64 << 20

var errSpelling = errors.New("not written as an export writes it")

// records reads the records of an export, whichever format it has. next returns
// io.EOF at the end and errStopped where nothing more can be read; any other error
// is about one record, which comes with it as far as it can be read.
type records struct {
	lines *bufio.Scanner
	parse func(line []byte) (any, error)
}

func readRecords(source io.Reader) *records {
	in := bufio.NewReaderSize(source, 64<<10)
	start, _ := in.Peek(1) // what fails here fails again below
	r := &records{lines: bufio.NewScanner(in), parse: parseLine}
	r.lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	r.lines.Split(wholeLines)
	if string(start) != "{" {
		r.parse = parseCells
		if head, err := encodeCells(columns); err != nil || !r.lines.Scan() || !bytes.Equal(r.lines.Bytes(), head) {
			r.parse = func([]byte) (any, error) { return nil, errSpelling }
		}
	}
	return r
}

func (r *records) next() (any, error) {
	if r.lines.Scan() {
		return r.parse(r.lines.Bytes())
	}
	if err := r.lines.Err(); err != nil {
		return nil, fmt.Errorf("audit: export: %w", errors.Join(errStopped, err))
	}
	return nil, io.EOF
}

// errStopped: nothing more can be read.
var errStopped = errors.New("the file cannot be read on")

// wholeLines splits as bufio.ScanLines does and leaves the line ends, which are
// part of a record's spelling.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// parseLine reads a record and insists that it is spelt as it was written, so
// that nothing can be added to it unseen.
func parseLine(line []byte) (any, error) {
	var kind struct {
		Kind string `json:"kind"`
	}
	if json.Unmarshal(line, &kind) != nil {
		return nil, errSpelling
	}
	switch kind.Kind {
	case kindManifest:
		return exactly[manifestDocument](line)
	case kindKey:
		return exactly[keyRecord](line)
	case kindCheckpoint:
		return exactly[checkpointRecord](line)
	case kindRow:
		return exactly[rowRecord](line)
	}
	return nil, errSpelling
}

func exactly[T any](line []byte) (any, error) {
	var record T
	if json.Unmarshal(line, &record) != nil {
		return nil, errSpelling
	}
	again, err := encodeLine(record)
	if err != nil || !bytes.Equal(again, line) {
		return record, errSpelling
	}
	return record, nil
}

// parseCells reads a record from a line of CSV. No field holds a line end.
func parseCells(line []byte) (any, error) {
	cells, err := csv.NewReader(bytes.NewReader(line)).Read()
	if err != nil || len(cells) != len(columns) {
		return nil, errSpelling
	}
	for i, cell := range cells {
		cells[i] = unguardCell(cell)
	}
	record, err := recordOf(cells)
	if err != nil {
		return record, err
	}
	if again, err := encodeCSV(record); err != nil || !bytes.Equal(again, line) {
		return record, errSpelling
	}
	return record, nil
}

func recordOf(c []string) (any, error) {
	var seq int64
	if c[2] != "" {
		var err error
		if seq, err = strconv.ParseInt(c[2], 10, 64); err != nil {
			return nil, errSpelling
		}
	}
	switch c[0] {
	case kindManifest:
		return exactly[manifestDocument]([]byte(c[8] + "\n"))
	case kindKey:
		return keyRecord{Kind: kindKey, KeyID: c[11], Key: c[8]}, nil
	case kindCheckpoint:
		return checkpointRecord{Kind: kindCheckpoint, Chain: c[1], Seq: seq, At: c[3], Hash: c[10], KeyID: c[11], Signature: c[12]}, nil
	case kindRow:
		return rowRecord{
			Kind: kindRow, Chain: c[1], Seq: seq, At: c[3], Actor: c[4], Action: c[5], EventID: c[6], Object: c[7],
			Body: json.RawMessage(c[8]), PrevHash: c[9], Hash: c[10],
		}, nil
	}
	return nil, errSpelling
}

// row is the row that was exported, or why it cannot be.
func (r rowRecord) row() (Row, error) {
	read := reader{}
	row := Row{
		Chain: r.Chain, Seq: r.Seq, At: read.instant(r.At), Actor: r.Actor, Action: r.Action, EventID: r.EventID, Object: r.Object,
		PrevHash: read.hex(r.PrevHash), Hash: read.hex(r.Hash),
	}
	body, err := ParseBody(r.Body)
	read.keep(err)
	row.Body = body
	if text, err := canonical(orEmpty(body)); err == nil && !bytes.Equal(text, r.Body) {
		read.keep(errors.New("its body is not in canonical form"))
	}
	return row, read.err
}

func orEmpty(body map[string]any) map[string]any {
	if body == nil {
		return map[string]any{}
	}
	return body
}

func (r checkpointRecord) checkpoint() (Checkpoint, error) {
	read := reader{}
	return Checkpoint{
		Chain: r.Chain, Seq: r.Seq, At: read.instant(r.At), Hash: read.hex(r.Hash), KeyID: r.KeyID, Signature: read.hex(r.Signature),
	}, read.err
}
