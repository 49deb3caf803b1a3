package gate

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// openNDS is openNDS with us as its forwarding authentication service (FAS), at
// fas_secure_enabled 1 to 4. Source: openNDS, src/http_microhttpd.c and the FAS
// scripts that come with it.
//
// At levels 1 and 4 the parameters come as base64: anybody can write them.
// At 2 and 3 they are encrypted with the faskey: a forger cannot compose them, but CBC
// alone proves nothing, so every way to be wrong is the same refusal. At 1 and 2 the
// browser goes back to the gateway with a token, and how long the gate stays open is the
// gateway's own setting. At 3 and 4 the gateway collects what we have granted, time and
// rates included (authmon.go); 3 is the level to use, and 4 for a router without PHP.
//
// A redirect never expires, and nothing in it says how old it is: the portal's own seal
// bounds the time from its page to the login, not that from the gateway to its page. What
// an old one is good for is what the gateway makes of it. Its token is for one entry in
// the gateway's list of clients, which goes when the client does, so a copied one opens
// no gate but that of the client that it was made for.
type openNDS struct{}

var openNDSDoor = door{plain: true, ports: []string{"2050"}}

// openNDSAuthDir is the gateway's own default; newer versions do not send it.
const openNDSAuthDir = "opennds_auth"

func (openNDS) Parse(query url.Values, s Settings) (Arrival, error) {
	r := read(query)
	online := r.text("status", maxLabel) == "authenticated"
	if !r.has("fas") && online {
		return Arrival{Online: true}, r.err // who is online already comes without more
	}
	if !r.has("fas") {
		return Arrival{}, ErrNotFromNAS
	}
	// The gateway does not escape base64, so a plus arrives as a space.
	blob := strings.ReplaceAll(r.text("fas", MaxQuery), " ", "+")
	iv := r.text("iv", maxLabel)
	if r.err != nil {
		return Arrival{}, r.err
	}
	text, err := openNDSOpen(blob, iv, s)
	if err != nil {
		return Arrival{}, err
	}
	a, err := openNDSArrival(text)
	if err != nil {
		return Arrival{}, err
	}
	a.Online = online
	if s.Level < 3 {
		_, err = openNDSTarget(a, s)
	}
	return a, err
}

// openNDSOpen returns the variables' text.
func openNDSOpen(blob, iv string, s Settings) (string, error) {
	octets, err := base64.StdEncoding.DecodeString(blob)
	if err != nil {
		return "", ErrForged
	}
	switch s.Level {
	case 1, 4:
		return string(octets), nil
	case 2, 3:
		return openNDSDecrypt(octets, iv, s.Secret)
	}
	return "", visit.Invalid("level", "Level must be 1, 2, 3 or 4.")
}

// openNDSDecrypt undoes PHP's openssl_encrypt with AES-256-CBC: its result is base64, its
// key is cut or filled with zeros to 32 octets, and the initialization vector is 16 hex
// digits as they are.
func openNDSDecrypt(text []byte, iv, faskey string) (string, error) {
	sealed, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 || len(iv) != aes.BlockSize || faskey == "" {
		return "", ErrForged
	}
	var key [32]byte
	copy(key[:], faskey)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return "", fmt.Errorf("openNDS: %w", err)
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, []byte(iv)).CryptBlocks(plain, sealed)
	fill := int(plain[len(plain)-1])
	if fill == 0 || fill > aes.BlockSize {
		return "", ErrForged
	}
	for _, octet := range plain[len(plain)-fill:] {
		if int(octet) != fill {
			return "", ErrForged
		}
	}
	return string(plain[:len(plain)-fill]), nil
}

// openNDSArrival reads name=value pairs with a comma and a space between, in any order,
// with variables among them that staff have added.
func openNDSArrival(text string) (Arrival, error) {
	query := url.Values{}
	for pair := range strings.SplitSeq(text, ", ") {
		if name, value, found := strings.Cut(pair, "="); found {
			query.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	r := read(query)
	gatewayName := r.text("gatewayname", maxContinue)
	origin, _ := url.PathUnescape(r.text("originurl", 3*maxContinue))
	shown, _ := url.PathUnescape(gatewayName)
	hash := sha256.Sum256([]byte(gatewayName))
	a := Arrival{
		MAC:      r.mac("clientmac"),
		IP:       r.ip("clientip"),
		AP:       label(shown),
		Continue: onward(origin),
		Handle: map[string]string{
			"hid":     r.text("hid", 128),
			"gateway": r.text("gatewayaddress", maxLabel),
			"authdir": r.text("authdir", maxLabel),
			"hash":    hex.EncodeToString(hash[:]), // of the name as it came, escapes and all
		},
	}
	if r.err != nil || a.MAC == "" || a.Handle["hid"] == "" || a.Handle["gateway"] == "" {
		return Arrival{}, ErrForged
	}
	return a, nil
}

// openNDSTarget is the directory of the gateway's that takes tokens.
func openNDSTarget(a Arrival, s Settings) (*url.URL, error) {
	if len(s.Hosts) == 0 {
		return nil, visit.Invalid("hosts", "Levels 1 and 2 need the gateway's address, such as 192.168.8.1:2050.")
	}
	dir := a.Handle["authdir"]
	if dir == "" {
		dir = openNDSAuthDir
	}
	if !isWord(dir) {
		return nil, ErrForged
	}
	u, err := openNDSDoor.target("http://"+a.Handle["gateway"]+"/"+dir+"/", s)
	if err != nil {
		return nil, err
	}
	if u.Path != "/"+dir+"/" || u.RawQuery != "" {
		return nil, ErrForged
	}
	return u, nil
}

// openNDSToken is what the gateway knows a client by that may go in.
func openNDSToken(a Arrival, s Settings) string {
	sum := sha256.Sum256([]byte(a.Handle["hid"] + s.Secret))
	return hex.EncodeToString(sum[:])
}

func (openNDS) Release(a Arrival, g Grant, s Settings) (Release, error) {
	token := openNDSToken(a, s)
	if s.Level >= 3 {
		length := minutes(g.Left)
		// Time in minutes, rates in kbit/s up and down, volumes in kB up and down, and a
		// text for scripts of the gateway's; 0 is no limit.
		text := fmt.Sprintf("%s %d %d %d 0 0 %s", token, length, max(0, g.UpKbps), max(0, g.DownKbps), openNDSCustom)
		return Release{Queue: &Entry{Client: token, Minutes: length, Text: text}}, nil
	}
	u, err := openNDSTarget(a, s)
	if err != nil {
		return Release{}, err
	}
	return Release{Redirect: withQuery(u, Field{"tok", token}, Field{"redir", landing(g)})}, nil
}

// openNDSCustom is the text for the gateway's scripts, which must not be missing: foyer.
const openNDSCustom = "Zm95ZXI="

// Revoke is nothing's: the gateway has no way to be told.
func (openNDS) Revoke(Arrival, Settings) (*Call, error) { return nil, nil }

// Caps are those of levels 3 and 4. The redirect of no level is authenticated: see openNDS.
func (openNDS) Caps() Caps { return Caps{TimeLimit: true, ReliableIP: true} }

// Needs names no hosts, which levels 3 and 4 have no use for.
func (openNDS) Needs() []string { return []string{"level", "secret"} }

// Garden is for /etc/config/opennds. The portal itself is let through by fasremotefqdn.
func (openNDS) Garden(host string) []string {
	return []string{"list walledgarden_fqdn_list '" + host + "'", "list walledgarden_port_list '443'"}
}
