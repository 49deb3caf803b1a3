package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	version   = 1
	saltSize  = 16
	nonceSize = 12
	tagSize   = 16

	saltAt     = 1 + idSize
	nonceAt    = saltAt + saltSize
	headerSize = nonceAt + nonceSize

	// Overhead is how many bytes a blob is longer than what it holds.
	Overhead = headerSize + tagSize
)

var (
	// ErrBlob means the bytes are not a sealed value: too short or of a version
	// this program does not know.
	ErrBlob = errors.New("seal: not a sealed value")
	// ErrUnknownKey means the value was sealed with a key the ring lacks.
	ErrUnknownKey = errors.New("seal: sealed with an unknown key")
	// ErrRefused means the value was altered, or belongs to another place.
	ErrRefused = errors.New("seal: value altered or moved")
)

// Seal encrypts plaintext for the place that aad names. It fails only when the
// source of randomness does.
func (r *Keyring) Seal(plaintext []byte, aad string) ([]byte, error) {
	k := r.keys[0]
	header := make([]byte, headerSize, Overhead+len(plaintext))
	header[0] = version
	copy(header[1:], k.id[:])
	if _, err := io.ReadFull(r.Rand, header[saltAt:]); err != nil {
		return nil, fmt.Errorf("seal: read randomness: %w", err)
	}
	return k.cipher(header).Seal(header, header[nonceAt:], plaintext, associated(header, aad)), nil
}

// Open decrypts a blob at the place that aad names. Its errors are ErrBlob,
// ErrUnknownKey and ErrRefused.
func (r *Keyring) Open(blob []byte, aad string) ([]byte, error) {
	id, err := keyID(blob)
	if err != nil {
		return nil, err
	}
	k, ok := r.find(id)
	if !ok {
		return nil, fmt.Errorf("%w (key id %x)", ErrUnknownKey, id)
	}
	header, sealed := blob[:headerSize], blob[headerSize:]
	plaintext, err := k.cipher(header).Open(nil, header[nonceAt:], sealed, associated(header, aad))
	if err != nil {
		return nil, ErrRefused
	}
	return plaintext, nil
}

// KeyID names the key a blob was sealed with, as 8 hex digits. It does not check
// that the blob is genuine.
func KeyID(blob []byte) (string, error) {
	id, err := keyID(blob)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(id[:]), nil
}

func keyID(blob []byte) ([idSize]byte, error) {
	if len(blob) < Overhead || blob[0] != version {
		return [idSize]byte{}, ErrBlob
	}
	return [idSize]byte(blob[1:saltAt]), nil
}

// cipher returns AES-256-GCM under the key of the one value whose header this is.
func (k key) cipher(header []byte) cipher.AEAD {
	block, err := aes.NewCipher(k.derive(header[saltAt:nonceAt], "foyer/v1/seal", KeySize))
	if err != nil {
		panic("seal: " + err.Error()) // the key has the right length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error()) // AES has the right block size
	}
	return aead
}

// associated is the header followed by the place; the header's length is fixed, so
// no two pairs give the same bytes.
func associated(header []byte, aad string) []byte {
	return slices.Concat(header, []byte(aad))
}
