package radius

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc3079"
	"layeh.com/radius/vendors/microsoft"
	"pgregory.net/rapid"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// TestRFC2759Vectors are the values of RFC 2759 9.2: user "User", password
// "clientPass".
func TestRFC2759Vectors(t *testing.T) {
	t.Parallel()
	authenticator := unhex(t, "5b5d7c7d7b3f2f3e3c2c602132262628")
	peer := unhex(t, "21402324255e262a28295f2b3a337c7e")
	r := newRequest()
	challenge := r.challengeHash(peer, authenticator, []byte("User"))
	require.Equal(t, "d02e4386bce91226", hex.EncodeToString(challenge[:]))
	hash := ntPasswordHash("clientPass")
	require.Equal(t, "44ebba8d5312b8d611474411f56989ae", hex.EncodeToString(hash[:]))
	response := challengeResponse(challenge[:], hash)
	require.Equal(t, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df", hex.EncodeToString(response[:]))
	hashHash := md4Sum(hash[:])
	require.Equal(t, "41c00c584bd2d91c4017a2a12fa59f3f", hex.EncodeToString(hashHash[:]))
	proof := authenticatorResponse(hashHash, response[:], challenge[:])
	require.Equal(t, "S=407A5589115FD0D6209F510FE9C04566932CDA56", string(proof[:]))
}

// TestRFC3079Vectors are the values of RFC 3079 3.5.3: 128-bit keys of the same
// exchange.
func TestRFC3079Vectors(t *testing.T) {
	t.Parallel()
	hash := ntPasswordHash("clientPass")
	var h hasher
	master := h.mppeMasterKey(md4Sum(hash[:]), unhex(t, "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"))
	require.Equal(t, "fdece3717a8c838cb388e527ae3cdd31", hex.EncodeToString(master[:]))
	send := h.mppeStartKey(master, magicSend)
	require.Equal(t, "8b7cdc149b993a1ba118cb153f56dccb", hex.EncodeToString(send[:]))
}

func TestMSCHAPAgreesWithAnotherImplementation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Filter(func(s string) bool { return len(s) < 120 }).Draw(t, "password")
		name := rapid.StringN(0, 40, 60).Draw(t, "name")
		challenge := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "challenge")
		peer := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "peer")

		want, err := rfc2759.GenerateNTResponse(challenge, peer, []byte(name), []byte(password))
		require.NoError(t, err)
		r := newRequest()
		r.userName, r.msChallenge = []byte(name), challenge
		r.ms2Response = append(append(append([]byte{1, 0}, peer...), make([]byte, 8)...), want...)
		require.True(t, r.provesMSCHAP2(password))

		proof, err := rfc2759.GenerateAuthenticatorResponse(challenge, peer, want, []byte(name), []byte(password))
		require.NoError(t, err)
		got := authenticatorResponse(r.hashHash, want, r.challenge[:])
		require.Equal(t, proof, string(got[:]))

		for magic, isSend := range map[*[]byte]bool{&magicSend: true, &magicRecv: false} {
			key, err := rfc3079.MakeKey(want, []byte(password), isSend)
			require.NoError(t, err)
			ours := r.hash.mppeStartKey(r.hash.mppeMasterKey(r.hashHash, want), *magic)
			require.Equal(t, key, ours[:])
		}

		bit := rapid.IntRange(msNTResponseAt*8, msResponseLen*8-1).Draw(t, "bit")
		r.ms2Response[bit/8] ^= 1 << (bit % 8)
		require.False(t, r.provesMSCHAP2(password), "a bit of the response was changed")
	})
}

func TestMSCHAP2AcceptCarriesProofAndKeys(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	request := mschap2Login(t, testUser, testPassword).signed(t)
	p := b.auth(t, request)
	require.Equal(t, layeh.CodeAccessAccept, p.Code)
	nt, err := rfc2759.GenerateNTResponse(msTestChallenge, msTestPeer, []byte(testUser), []byte(testPassword))
	require.NoError(t, err)
	proof, err := rfc2759.GenerateAuthenticatorResponse(msTestChallenge, msTestPeer, nt, []byte(testUser), []byte(testPassword))
	require.NoError(t, err)
	require.Equal(t, "\x09"+proof, microsoft.MSCHAP2Success_GetString(p))

	for kind, isSend := range map[byte]bool{msMPPESendKey: true, msMPPERecvKey: false} {
		want, err := rfc3079.MakeKey(nt, []byte(testPassword), isSend)
		require.NoError(t, err)
		hidden := microsoftValue(t, p, kind)
		key, salt, err := layeh.TunnelPassword(hidden, []byte(testSecret), request[4:20])
		require.NoError(t, err)
		require.Equal(t, want, key)
		require.NotZero(t, salt[0]&0x80, "RFC 2548 2.4.2: the high bit of a salt is set")
	}
	require.NotEqual(t, microsoftValue(t, p, msMPPESendKey)[:2], microsoftValue(t, p, msMPPERecvKey)[:2], "a salt is used once")
}

func TestMSCHAPErrorOnReject(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	p := b.auth(t, mschap2Login(t, testUser, "wrong").signed(t))
	require.Equal(t, layeh.CodeAccessReject, p.Code)
	require.Regexp(t, `^\x09E=691 R=0 C=[0-9a-f]{32} V=3$`, microsoft.MSCHAPError_GetString(p))
	for _, a := range p.Attributes {
		require.Contains(t, []layeh.Type{layeh.Type(attrMessageAuthenticator), layeh.Type(attrVendorSpecific)}, a.Type)
	}
}

func TestMSCHAPRefusesOtherShapes(t *testing.T) {
	t.Parallel()
	r := newRequest()
	for _, n := range []int{0, 1, 49, 51} {
		r.msResponse, r.ms2Response, r.msChallenge = make([]byte, n), make([]byte, n), make([]byte, 8)
		require.False(t, r.provesMSCHAP(testPassword))
		r.msChallenge = make([]byte, 16)
		require.False(t, r.provesMSCHAP2(testPassword))
	}
	// Only the LAN Manager response is declared usable.
	hash := ntPasswordHash(testPassword)
	r.msChallenge = make([]byte, 8)
	nt := challengeResponse(r.msChallenge, hash)
	r.msResponse = append(make([]byte, msNTResponseAt), nt[:]...)
	require.False(t, r.provesMSCHAP(testPassword))
	r.msResponse[1] = msFlagNT
	require.True(t, r.provesMSCHAP(testPassword))
}

func microsoftValue(t *testing.T, p *layeh.Packet, kind byte) []byte {
	t.Helper()
	for _, a := range p.Attributes {
		if a.Type == layeh.Type(attrVendorSpecific) && a.Attribute[4] == kind {
			return a.Attribute[6:]
		}
	}
	require.Fail(t, "attribute is missing")
	return nil
}
