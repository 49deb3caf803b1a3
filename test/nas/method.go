package nas

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CHAP is defined with it (RFC 1994)
	"errors"
	"fmt"
	"io"

	"layeh.com/radius"
	"layeh.com/radius/rfc2759"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/vendors/microsoft"
)

// Method is how a guest proves its password.
type Method string

// The methods; empty means PAP. Names are interface of the control API.
const (
	PAP      Method = "pap"
	CHAP     Method = "chap"
	MSCHAP   Method = "mschap"
	MSCHAPv2 Method = "mschapv2"
)

// ErrMutual says that an Accept came without the proof, which MS-CHAPv2
// demands, that the server knows the password too.
var ErrMutual = errors.New("MS-CHAP2-Success is missing or wrong")

// proof adds a guest's credentials to an Access-Request and returns the check
// that its Accept must pass.
type proof func(p *radius.Packet, g Guest, random io.Reader) (check func(accept *radius.Packet) error, err error)

var proofs = map[Method]proof{
	"":       provePAP,
	PAP:      provePAP,
	CHAP:     proveCHAP,
	MSCHAP:   proveMSCHAP,
	MSCHAPv2: proveMSCHAPv2,
}

func unchecked(*radius.Packet) error { return nil }

func provePAP(p *radius.Packet, g Guest, _ io.Reader) (func(*radius.Packet) error, error) {
	return unchecked, rfc2865.UserPassword_SetString(p, g.Password)
}

// proveCHAP sends the challenge in its own attribute (RFC 2865 section 5.40).
func proveCHAP(p *radius.Packet, g Guest, random io.Reader) (func(*radius.Packet) error, error) {
	if g.Response != nil {
		if len(g.Response) == md5.Size {
			g.Response = append([]byte{0}, g.Response...)
		}
		p.Add(rfc2865.CHAPPassword_Type, g.Response)
		p.Add(rfc2865.CHAPChallenge_Type, g.Challenge)
		return unchecked, nil
	}
	b, err := randomBytes(random, 17)
	if err != nil {
		return nil, err
	}
	id, challenge := b[:1], b[1:]
	hash := md5.New() //nolint:gosec // see the import
	hash.Write(id)
	hash.Write([]byte(g.Password))
	hash.Write(challenge)
	p.Add(rfc2865.CHAPPassword_Type, hash.Sum([]byte{id[0]}))
	p.Add(rfc2865.CHAPChallenge_Type, challenge)
	return unchecked, nil
}

// proveMSCHAP sends the NT response alone: ident, flags 1, 24 octets of LM
// response left zero, 24 octets of NT response (RFC 2548 section 2.1.3).
func proveMSCHAP(p *radius.Packet, g Guest, random io.Reader) (func(*radius.Packet) error, error) {
	challenge, err := randomBytes(random, 8)
	if err != nil {
		return nil, err
	}
	password, err := rfc2759.ToUTF16([]byte(g.Password))
	if err != nil {
		return nil, err
	}
	value := make([]byte, 26, 50)
	value[1] = 1
	value = append(value, rfc2759.ChallengeResponse(challenge, rfc2759.NTPasswordHash(password))...)
	return unchecked, errors.Join(
		microsoft.MSCHAPChallenge_Set(p, challenge),
		microsoft.MSCHAPResponse_Set(p, value))
}

// proveMSCHAPv2 sends ident, flags 0, the peer challenge, 8 reserved octets
// and the NT response (RFC 2548 section 2.3.2).
func proveMSCHAPv2(p *radius.Packet, g Guest, random io.Reader) (func(*radius.Packet) error, error) {
	b, err := randomBytes(random, 33)
	if err != nil {
		return nil, err
	}
	ident, challenge, peer := b[0], b[1:17], b[17:33]
	response, err := rfc2759.GenerateNTResponse(challenge, peer, []byte(g.Username), []byte(g.Password))
	if err != nil {
		return nil, err
	}
	want, err := rfc2759.GenerateAuthenticatorResponse(challenge, peer, response, []byte(g.Username), []byte(g.Password))
	if err != nil {
		return nil, err
	}
	value := append([]byte{ident, 0}, peer...)
	value = append(value, make([]byte, 8)...)
	value = append(value, response...)
	return checkSuccess(ident, want), errors.Join(
		microsoft.MSCHAPChallenge_Set(p, challenge),
		microsoft.MSCHAP2Response_Set(p, value))
}

// checkSuccess compares MS-CHAP2-Success, "S=" and 40 hex digits after the
// ident; a message may follow (RFC 2759 section 5).
func checkSuccess(ident byte, want string) func(*radius.Packet) error {
	return func(accept *radius.Packet) error {
		got, err := microsoft.MSCHAP2Success_Lookup(accept)
		if err != nil || len(got) < 1+len(want) || got[0] != ident {
			return ErrMutual
		}
		if !hmac.Equal(got[1:1+len(want)], []byte(want)) {
			return ErrMutual
		}
		return nil
	}
}

func randomBytes(from io.Reader, size int) ([]byte, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(from, b); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	return b, nil
}
