package audit

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Checkpoint is a signed statement that a chain had reached a row with a hash.
type Checkpoint struct {
	Chain     string
	Seq       int64
	Hash      []byte
	At        time.Time
	KeyID     string // CheckpointKeyID of the public key
	Signature []byte // Ed25519 over the canonical JSON of all the above
}

type checkpointDocument struct {
	Version int    `json:"v"`
	Kind    string `json:"kind"`
	Chain   string `json:"chain"`
	Seq     int64  `json:"seq"`
	Hash    string `json:"hash"`
	At      string `json:"at"`
	KeyID   string `json:"key_id"`
}

// CheckpointKeyID names a public key: 16 hex digits of its SHA-256.
func CheckpointKeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// Sign makes a checkpoint of a chain's head.
func Sign(head Head, at time.Time, key ed25519.PrivateKey) (Checkpoint, error) {
	if head.Seq < 1 {
		return Checkpoint{}, errors.New("audit: a chain without rows has no checkpoint")
	}
	public, _ := key.Public().(ed25519.PublicKey)
	checkpoint := Checkpoint{
		Chain: head.Chain, Seq: head.Seq, Hash: head.Hash,
		At: at.UTC().Truncate(time.Microsecond), KeyID: CheckpointKeyID(public),
	}
	text, err := checkpoint.canonical()
	if err != nil {
		return Checkpoint{}, err
	}
	checkpoint.Signature = ed25519.Sign(key, text)
	return checkpoint, nil
}

// VerifyCheckpoint checks the signature with whichever of keys it names.
func VerifyCheckpoint(checkpoint Checkpoint, keys ...ed25519.PublicKey) error {
	text, err := checkpoint.canonical()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if CheckpointKeyID(key) != checkpoint.KeyID {
			continue
		}
		if !ed25519.Verify(key, text, checkpoint.Signature) {
			return errors.New("audit: the checkpoint's signature does not fit")
		}
		return nil
	}
	return fmt.Errorf("audit: the checkpoint was signed with an unknown key (key id %.16q)", checkpoint.KeyID)
}

func (c Checkpoint) canonical() ([]byte, error) {
	// The same limits as for rows keep the document unambiguous.
	if err := encodable(Row{Chain: c.Chain, Seq: c.Seq, At: c.At, Object: c.KeyID}); err != nil {
		return nil, err
	}
	return canonical(checkpointDocument{
		Version: documentVersion, Kind: "foyer.audit.checkpoint", Chain: c.Chain, Seq: c.Seq,
		Hash: hex.EncodeToString(c.Hash), At: Instant(c.At), KeyID: c.KeyID,
	})
}
