// Package seal encrypts values at rest with the deployment key and computes
// keyed hashes of values that may not be stored in clear.
//
// The deployment key (FOYER_KEY) never encrypts anything itself. Each sealed
// value has a key of its own, derived by HKDF-SHA-256 (RFC 5869) from the
// deployment key and a random salt, so no number of values wears out a nonce
// space. A blob is
//
//	version (1) | key id (4) | salt (16) | nonce (12) | ciphertext | tag (16)
//
// under AES-256-GCM. Everything before the ciphertext and the place of the value
// (the aad, for example "voucher:<id>") are authenticated: a blob copied to
// another row does not open there.
//
// Rotation: FOYER_KEY may hold several keys separated by commas. The first one
// seals, all of them open. A value is moved to the new key by opening and sealing
// it again; KeyID tells which values still wait for that.
package seal
