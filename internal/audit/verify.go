package audit

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
)

// BadRow names the first place where a chain breaks. Seq is the position in the
// chain, which is the row's number unless that is what was altered.
type BadRow struct {
	Chain  string `json:"chain"`
	Seq    int64  `json:"seq"`
	Reason string `json:"reason"`
}

// Error names the row and the reason.
func (b *BadRow) Error() string {
	return fmt.Sprintf("audit: chain %s, row %d: %s", b.Chain, b.Seq, b.Reason)
}

// Report is the outcome of a verification.
type Report struct {
	OK       bool    `json:"ok"`
	Rows     int64   `json:"rows"`
	FirstBad *BadRow `json:"first_bad"`
}

// Verifier checks chains row by row in constant memory per chain. Give it the
// anchors (Trust, Expect) first, then every row in order of its number; rows of
// different chains may alternate. It is not safe for concurrent use.
type Verifier struct {
	rows   int64
	bad    *BadRow // the first broken row
	anchor *BadRow // the first checkpoint that is not genuine
	chains map[string]*progress
}

// progress is how far one chain has been read, and which hashes it must still pass.
type progress struct {
	head    Head
	broken  bool
	anchors map[int64][]anchor
}

// anchor is a hash that a chain must have at a row, and who says so.
type anchor struct {
	hash   []byte
	source string
}

// NewVerifier returns a verifier that knows no anchors.
func NewVerifier() *Verifier { return &Verifier{chains: map[string]*progress{}} }

// Trust makes the verifier insist on a checkpoint. One that is not genuine is
// itself a finding: it is returned, and reported unless a row is bad.
func (v *Verifier) Trust(checkpoint Checkpoint, keys ...ed25519.PublicKey) error {
	if err := VerifyCheckpoint(checkpoint, keys...); err != nil {
		bad := &BadRow{Chain: checkpoint.Chain, Seq: checkpoint.Seq, Reason: err.Error()}
		if v.anchor == nil {
			v.anchor = bad
		}
		return bad
	}
	v.expect(Head{Chain: checkpoint.Chain, Seq: checkpoint.Seq, Hash: checkpoint.Hash}, "a signed checkpoint")
	return nil
}

// Expect makes the verifier insist on the head that the database records for a
// chain. Rows beyond it are allowed: they may have been written since.
func (v *Verifier) Expect(head Head) {
	if head.Seq > 0 {
		v.expect(head, "the recorded head")
	}
}

// Add reads the next row. It returns a *BadRow when this row breaks its chain;
// rows after a break are counted and not judged.
func (v *Verifier) Add(row Row) error {
	v.rows++
	chain := v.chain(row.Chain)
	if chain.broken {
		return nil
	}
	position := chain.head.Seq + 1
	if reason := chain.judge(position, row); reason != "" {
		chain.broken = true
		return v.fail(&BadRow{Chain: row.Chain, Seq: position, Reason: reason})
	}
	delete(chain.anchors, position)
	chain.head = Head{Chain: row.Chain, Seq: row.Seq, Hash: row.Hash}
	return nil
}

// Report ends the verification: anchors that no row has reached are rows cut off.
func (v *Verifier) Report() Report {
	for _, name := range slices.Sorted(maps.Keys(v.chains)) {
		chain := v.chains[name]
		if chain.broken || len(chain.anchors) == 0 {
			continue
		}
		seq := slices.Max(slices.Collect(maps.Keys(chain.anchors)))
		reason := fmt.Sprintf("missing: the chain ends here, but %s is at row %d", chain.anchors[seq][0].source, seq)
		chain.broken = true
		_ = v.fail(&BadRow{Chain: name, Seq: chain.head.Seq + 1, Reason: reason})
	}
	first := v.bad
	if first == nil {
		first = v.anchor
	}
	return Report{OK: first == nil, Rows: v.rows, FirstBad: first}
}

func (p *progress) judge(position int64, row Row) string {
	if row.Seq > position {
		return fmt.Sprintf("missing: the next row says it is %d", row.Seq)
	}
	if row.Seq < position {
		return fmt.Sprintf("out of order: the row here says it is %d", row.Seq)
	}
	want, err := Hash(row)
	if err != nil {
		return "altered: " + err.Error()
	}
	if !bytes.Equal(want, row.Hash) {
		return "altered: its hash does not fit its content"
	}
	if !bytes.Equal(row.PrevHash, p.head.Hash) {
		return "it does not follow the row before"
	}
	for _, anchor := range p.anchors[position] {
		if !bytes.Equal(anchor.hash, row.Hash) {
			return "rewritten: " + anchor.source + " has another hash"
		}
	}
	return ""
}

func (v *Verifier) expect(head Head, source string) {
	chain := v.chain(head.Chain)
	chain.anchors[head.Seq] = append(chain.anchors[head.Seq], anchor{hash: head.Hash, source: source})
}

func (v *Verifier) chain(name string) *progress {
	chain, ok := v.chains[name]
	if !ok {
		chain = &progress{head: Head{Chain: name}, anchors: map[int64][]anchor{}}
		v.chains[name] = chain
	}
	return chain
}

func (v *Verifier) fail(bad *BadRow) error {
	if v.bad == nil {
		v.bad = bad
	}
	return bad
}
