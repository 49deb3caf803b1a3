package seal

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
)

// MAC is a keyed hash (HMAC-SHA-256) of data under the sealing key, with a subkey
// per purpose. It stands for a value that may not be stored, such as an e-mail
// address in an audit row or the text of an idempotent request: equal values give
// equal hashes, and without the key nobody can try values out.
func (r *Keyring) MAC(purpose string, data []byte) []byte {
	return r.keys[0].mac(purpose, data)
}

// MACs returns the hash under every key of the ring, the sealing key's first. A
// look-up of hashes stored before a rotation compares with all of them.
func (r *Keyring) MACs(purpose string, data []byte) [][]byte {
	macs := make([][]byte, 0, len(r.keys))
	for _, k := range r.keys {
		macs = append(macs, k.mac(purpose, data))
	}
	return macs
}

// SigningKeys returns an Ed25519 key for a purpose per deployment key. The first
// signs; signatures of any of them are ours.
func (r *Keyring) SigningKeys(purpose string) []ed25519.PrivateKey {
	keys := make([]ed25519.PrivateKey, 0, len(r.keys))
	for _, k := range r.keys {
		keys = append(keys, ed25519.NewKeyFromSeed(k.derive(nil, "foyer/v1/sign/"+purpose, ed25519.SeedSize)))
	}
	return keys
}

func (k key) mac(purpose string, data []byte) []byte {
	mac := hmac.New(sha256.New, k.derive(nil, "foyer/v1/mac/"+purpose, sha256.Size))
	mac.Write(data)
	return mac.Sum(nil)
}
