package radius

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// classes makes and reads the Class that an Access-Accept gives a session and
// accounting brings back (RFC 2865 5.25): the grant's id, sealed, under a fresh
// random nonce. It is opaque to everybody else, different for every session, and
// is read after a restart without anything having been stored. NASes that do not
// return it are matched by user name or MAC instead.
type classes struct {
	aead   cipher.AEAD
	random io.Reader
}

const (
	classVersion = 'F'
	classNonce   = 12
	classTag     = 16
)

// classKeyLen is AES-256's.
const classKeyLen = 32

func newClasses(key []byte, random io.Reader) (*classes, error) {
	if len(key) != classKeyLen {
		return nil, errors.New("radius: a class key has 32 octets")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("radius: class key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("radius: class key: %w", err)
	}
	return &classes{aead: aead, random: random}, nil
}

// seal appends a new Class for a grant to b, whose capacity it uses. b is left
// empty when the id is too long for an attribute.
func (c *classes) seal(b []byte, grantID string) ([]byte, error) {
	if 1+classNonce+len(grantID)+classTag > maxValue {
		return b, nil
	}
	b = append(b, classVersion)
	nonce := b[len(b) : len(b)+classNonce]
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return b[:0], fmt.Errorf("class: %w", err)
	}
	b = b[:len(b)+classNonce]
	end := len(b)
	b = append(b, grantID...)
	return c.aead.Seal(b[:end], nonce, b[end:], nil), nil
}

// open returns the grant's id in a Class, "" if it is none of ours.
func (c *classes) open(class []byte) string {
	if len(class) < 1+classNonce+classTag || class[0] != classVersion {
		return ""
	}
	nonce, sealed := class[1:1+classNonce], class[1+classNonce:]
	id, err := c.aead.Open(nil, nonce, sealed, nil)
	if err != nil {
		return ""
	}
	return string(id)
}
