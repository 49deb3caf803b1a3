package gate

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// coovaChilli is CoovaChilli's universal access method (UAM). Source: coova/coova-chilli,
// src/redir.c.
//
// The redirect is signed with the uamsecret (md), which is also mixed into the challenge
// that hides the password: as a CHAP response, or where Settings.Names calls the
// parameter response by the name password, as PAP. A challenge changes at every attempt.
type coovaChilli struct{}

var coovaDoor = door{plain: true, ports: []string{"3990", "3660", "4990"}}

// Verify checks md: MD5 over everything before it and the secret, in upper-case hex. MD5
// so used is no signature that one would choose today, and one that is stolen is good
// for ever: what protects a secret is the list of hosts.
func (coovaChilli) Verify(address string, s Settings) error {
	signed, sum, found := strings.Cut(address, "&md=")
	if !found && !strings.Contains(address, "res=") {
		return ErrNotFromNAS
	}
	want := md5.Sum([]byte(signed + s.Secret))
	got, err := hex.DecodeString(sum)
	if err != nil || s.Secret == "" || subtle.ConstantTimeCompare(got, want[:]) != 1 {
		return ErrForged
	}
	return nil
}

func (coovaChilli) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query)
	if !r.has("res") || !r.has("uamip") {
		return Arrival{}, ErrNotFromNAS
	}
	a := Arrival{
		MAC:      r.mac("mac"),
		IP:       r.ip("ip"),
		AP:       r.label("called"),
		SSID:     r.label("ssid"),
		Continue: r.onward("userurl"),
		Handle: map[string]string{
			"uamip":     r.text("uamip", maxLabel),
			"uamport":   r.text("uamport", 5),
			"challenge": r.text("challenge", maxLabel),
		},
	}
	if a.AP == "" {
		a.AP = r.label("nasid")
	}
	result := r.text("res", maxLabel)
	if r.err != nil {
		return Arrival{}, r.err
	}
	switch result {
	case "notyet", "logoff", "wispr":
	case "failed":
		a.Failed = FailedCredentials
	case "success", "already":
		a.Online = true
	default:
		return Arrival{}, ErrNotFromNAS
	}
	if _, err := coovaTarget(a, s, "/logon"); err != nil {
		return Arrival{}, err
	}
	if _, err := coovaChallenge(a); err != nil && !a.Online {
		return Arrival{}, err
	}
	return a, nil
}

// coovaTarget is a path of the gateway's own web server, which speaks http alone.
func coovaTarget(a Arrival, s Settings, path string) (*url.URL, error) {
	ip, err := netip.ParseAddr(a.Handle["uamip"])
	if err != nil || !ip.Is4() {
		return nil, ErrForged
	}
	return coovaDoor.target("http://"+net.JoinHostPort(ip.String(), a.Handle["uamport"])+path, s)
}

func coovaChallenge(a Arrival) ([]byte, error) {
	challenge, err := hex.DecodeString(a.Handle["challenge"])
	if err != nil || len(challenge) != md5.Size {
		return nil, ErrForged
	}
	return challenge, nil
}

// Release is a redirect: a page of ours may send a browser to a plain address, and do
// nothing else with it.
func (coovaChilli) Release(a Arrival, g Grant, s Settings) (Release, error) {
	u, err := coovaTarget(a, s, "/logon")
	if err != nil {
		return Release{}, err
	}
	challenge, err := coovaChallenge(a)
	if err != nil {
		return Release{}, err
	}
	if s.Secret != "" {
		mixed := md5.Sum(append(challenge, s.Secret...))
		challenge = mixed[:]
	}
	fields := []Field{{"username", g.Username}, {"response", chapResponse(g.Password, challenge)}, {"userurl", landing(g)}}
	if s.Names["response"] == "password" {
		fields[1] = Field{"password", papPassword(g.Password, challenge)}
	}
	return Release{Redirect: withQuery(u, fields...)}, nil
}

// chapResponse is RFC 1994's, section 4.1, with 0 for the identifier.
func chapResponse(password string, challenge []byte) string {
	sum := md5.Sum([]byte("\x00" + password + string(challenge)))
	return hex.EncodeToString(sum[:])
}

// papPassword hides a password under the challenge, repeated as often as it takes.
func papPassword(password string, challenge []byte) string {
	hidden := []byte(password)
	for i := range hidden {
		hidden[i] ^= challenge[i%len(challenge)]
	}
	return hex.EncodeToString(hidden)
}

// Leave implements Leaver.
func (coovaChilli) Leave(a Arrival, s Settings) (*url.URL, error) {
	return coovaTarget(a, s, "/logoff")
}

// Revoke is RADIUS's: coaport must be set.
func (coovaChilli) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

func (coovaChilli) Caps() Caps {
	return Caps{RADIUS: true, Revoke: true, ReliableIP: true, Signed: true}
}

func (coovaChilli) Needs() []string { return []string{"hosts", "secret"} }

// Garden is for the gateway's configuration: HS_UAMALLOW, or uamallowed.
func (coovaChilli) Garden(host string) []string { return []string{"HS_UAMALLOW=" + host} }
