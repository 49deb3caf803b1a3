package audit

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Manifest says what an export holds: for each chain which rows, between which
// hashes. It is signed, so that the export can be judged alone: rows changed,
// left out, added, moved or cut off anywhere do not fit it.
type Manifest struct {
	At          time.Time // of the export
	Site        string    // whose chain was asked for; empty: all that the caller may see
	From, To    *time.Time
	Chains      []Span
	Keys        int // public keys that follow
	Checkpoints int // signed checkpoints that follow
	KeyID       string
	Signature   []byte // Ed25519 over the canonical JSON of all the above
}

// Span is an unbroken piece of a chain.
type Span struct {
	Chain    string
	First    int64  // number of its first row
	PrevHash []byte // of the row before, empty for row 1
	Last     int64
	Hash     []byte // of the last row
}

// Rows is how many there are.
func (m Manifest) Rows() int64 {
	var rows int64
	for _, span := range m.Chains {
		rows += span.Last - span.First + 1
	}
	return rows
}

type spanDocument struct {
	Chain    string `json:"chain"`
	First    int64  `json:"first_seq"`
	PrevHash string `json:"prev_hash"`
	Last     int64  `json:"last_seq"`
	Hash     string `json:"hash"`
}

type manifestDocument struct {
	Kind        string         `json:"kind"`
	Version     int            `json:"v"`
	At          string         `json:"at"`
	Site        string         `json:"site"`
	From        string         `json:"from"`
	To          string         `json:"to"`
	Chains      []spanDocument `json:"chains"`
	Keys        int            `json:"keys"`
	Checkpoints int            `json:"checkpoints"`
	KeyID       string         `json:"key_id"`
	Signature   string         `json:"signature,omitempty"`
}

// SignManifest signs an export's manifest with the key that signs checkpoints.
func SignManifest(m Manifest, key ed25519.PrivateKey) (Manifest, error) {
	public, _ := key.Public().(ed25519.PublicKey)
	m.At, m.KeyID, m.Signature = m.At.UTC().Truncate(time.Microsecond), CheckpointKeyID(public), nil
	text, err := canonical(m.document())
	if err != nil {
		return Manifest{}, err
	}
	m.Signature = ed25519.Sign(key, text)
	return m, nil
}

// verifyManifest checks the signature with whichever of keys it names.
func verifyManifest(m Manifest, keys []ed25519.PublicKey) error {
	unsigned := m
	unsigned.Signature = nil
	text, err := canonical(unsigned.document())
	if err != nil {
		return err
	}
	for _, key := range keys {
		if CheckpointKeyID(key) != m.KeyID {
			continue
		}
		if !ed25519.Verify(key, text, m.Signature) {
			return errors.New("the manifest's signature does not fit")
		}
		return nil
	}
	return fmt.Errorf("the manifest was signed with an unknown key (key id %.16q)", m.KeyID)
}

func (m Manifest) document() manifestDocument {
	d := manifestDocument{
		Kind: kindManifest, Version: documentVersion, At: Instant(m.At), Site: m.Site, From: instantOr(m.From), To: instantOr(m.To),
		Chains: []spanDocument{}, Keys: m.Keys, Checkpoints: m.Checkpoints, KeyID: m.KeyID, Signature: hex.EncodeToString(m.Signature),
	}
	for _, s := range m.Chains {
		d.Chains = append(d.Chains, spanDocument{s.Chain, s.First, hex.EncodeToString(s.PrevHash), s.Last, hex.EncodeToString(s.Hash)})
	}
	return d
}

func (d manifestDocument) manifest() (Manifest, error) {
	r := reader{}
	m := Manifest{
		At: r.instant(d.At), Site: d.Site, From: r.instantOr(d.From), To: r.instantOr(d.To),
		Keys: d.Keys, Checkpoints: d.Checkpoints, KeyID: d.KeyID, Signature: r.hex(d.Signature),
	}
	for _, s := range d.Chains {
		m.Chains = append(m.Chains, Span{s.Chain, s.First, r.hex(s.PrevHash), s.Last, r.hex(s.Hash)})
	}
	return m, r.err
}

func instantOr(at *time.Time) string {
	if at == nil {
		return ""
	}
	return Instant(*at)
}

// reader converts texts and keeps the first error.
type reader struct{ err error }

func (r *reader) keep(err error) {
	if err != nil && r.err == nil {
		r.err = err
	}
}

func (r *reader) hex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(b) != text { // of two spellings one is ours
		r.keep(errors.New("a hash or signature is not lower-case hexadecimal"))
	}
	return b
}

func (r *reader) instant(text string) time.Time {
	at, err := time.Parse(instantLayout, text)
	if err != nil || Instant(at) != text {
		r.keep(errors.New("an instant is malformed"))
	}
	return at
}

func (r *reader) instantOr(text string) *time.Time {
	if text == "" {
		return nil
	}
	at := r.instant(text)
	return &at
}
