package gatetest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// OpenNDS is a gateway that forwards authentication to us at FAS level 1 to 4.
type OpenNDS struct {
	*floor

	Level int
	Key   string // faskey
	Name  string // gatewayname
	Plain bool   // an older authmon: what it acknowledges is not in base64

	mu     sync.Mutex // guards hids
	hids   map[string]string
	serial int
}

// NewOpenNDS returns a gateway whose sessions last a day unless it is told otherwise.
func NewOpenNDS(w World, level int, key string) *OpenNDS {
	return &OpenNDS{floor: newFloor(w, "http://192.168.8.1:2050"), Level: level, Key: key, Name: "Lobby: 2nd floor", hids: map[string]string{}}
}

func (n *OpenNDS) hid(c Client) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hids[c.MAC] == "" {
		n.hids[c.MAC] = sum256("hid " + c.MAC)
	}
	return n.hids[c.MAC]
}

func sum256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Redirect implements NAS. The order of variables differs from time to time.
func (n *OpenNDS) Redirect(c Client, to string) *url.URL {
	n.join(c)
	variables := []string{
		"hid=" + n.hid(c), "clientip=" + c.IP.String(), "clientmac=" + c.MAC, "client_type=cpd_can",
		"gatewayname=" + url.PathEscape(n.Name), "gatewayurl=http%3a%2f%2fstatus.client", "version=10.3.0",
		"gatewayaddress=" + n.Address.Host, "gatewaymac=94e979a1b2c3", "authdir=opennds_auth",
		"originurl=" + strings.ReplaceAll(url.QueryEscape(to), "+", "%20"), "clientif=phy0-ap0", "themespec=",
	}
	n.mu.Lock()
	n.serial++
	turn := n.serial * 5 % len(variables)
	n.mu.Unlock()
	text := strings.Join(append(variables[turn:], variables[:turn]...), ", ") + ", "
	if n.Level == 1 || n.Level == 4 {
		return at(n.Portal, "fas="+base64.StdEncoding.EncodeToString([]byte(text))) // not escaped
	}
	iv := sum256(fmt.Sprint("iv ", turn))[:aes.BlockSize]
	return at(n.Portal, "fas="+n.encrypt(text, iv)+"&iv="+iv)
}

func (n *OpenNDS) encrypt(text, iv string) string {
	var key [32]byte
	copy(key[:], n.Key)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	fill := aes.BlockSize - len(text)%aes.BlockSize
	octets := append([]byte(text), bytes.Repeat([]byte{byte(fill)}, fill)...)
	cipher.NewCBCEncrypter(block, []byte(iv)).CryptBlocks(octets, octets)
	once := base64.StdEncoding.EncodeToString(octets)
	return base64.StdEncoding.EncodeToString([]byte(once))
}

// Handler implements NAS: the gateway's web server.
func (n *OpenNDS) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, known := n.from(r)
		fields, _ := ordered(r.URL.RawQuery)
		said, right := exactly(fields, "tok", "redir")
		if !known || !right || !n.here(r, http.MethodGet, "/opennds_auth/") {
			http.Error(w, "Error 511", http.StatusNetworkAuthenticationRequired)
			return
		}
		_, online := n.Online(c)
		switch {
		case online:
			http.Redirect(w, r, at(n.Portal, query("tok", said["tok"], "redir", said["redir"], "status", "authenticated")).String(), http.StatusTemporaryRedirect)
		case said["tok"] != sum256(n.hid(c)+n.Key):
			http.Redirect(w, r, n.Redirect(c, said["redir"]).String(), http.StatusTemporaryRedirect)
		default:
			n.open("", c, 24*time.Hour)
			http.Redirect(w, r, said["redir"], http.StatusTemporaryRedirect)
		}
	})
}

// Disconnect implements NAS: nothing tells openNDS.
func (*OpenNDS) Disconnect(Client) bool { return false }

// Start is authmon's first word after a restart of the gateway, which has forgotten all
// clients.
func (n *OpenNDS) Start(post func(url.Values) string) {
	n.floor.mu.Lock()
	clear(n.online)
	n.floor.mu.Unlock()
	post(n.poll("clear", "none"))
}

// Poll is one round of authmon, of those every five to ten seconds: it asks for the list,
// lets at most four of it in, and acknowledges them, unless it dies before that.
func (n *OpenNDS) Poll(post func(url.Values) string, dies bool) {
	list, found := strings.CutPrefix(post(n.poll("view", "none")), "* ")
	if !found {
		list = ""
	}
	list = list[:min(len(list), 1024)]
	acks := "*"
	for i, entry := range strings.Fields(list) {
		if i == 4 {
			break
		}
		text, err := url.PathUnescape(entry)
		if err == nil && n.auth(strings.Fields(text)) {
			acks += " " + strings.Fields(text)[0]
		}
	}
	if !dies {
		post(n.poll("view", acks))
	}
}

// List is a round of an old authmon, which acknowledges nothing.
func (n *OpenNDS) List(post func(url.Values) string) {
	list, _ := strings.CutPrefix(post(n.poll("list", "none")), "* ")
	for _, entry := range strings.Fields(list) {
		if text, err := url.PathUnescape(entry); err == nil {
			n.auth(strings.Fields(text))
		}
	}
}

func (n *OpenNDS) poll(action, payload string) url.Values {
	if !n.Plain {
		payload = base64.StdEncoding.EncodeToString([]byte(payload))
	}
	return url.Values{"auth_get": {action}, "gatewayhash": {sum256(url.PathEscape(n.Name))}, "payload": {payload}}
}

// auth lets in who a line is about: token, minutes, rates up and down, volumes up and
// down, text. It fails for a client that has gone or is in already.
func (n *OpenNDS) auth(line []string) bool {
	if len(line) != 7 {
		return false
	}
	numbers := make([]int, 5)
	for i := range numbers {
		number, err := strconv.Atoi(line[i+1])
		if err != nil || number < 0 {
			return false
		}
		numbers[i] = number
	}
	n.floor.mu.Lock()
	clients := make([]Client, 0, len(n.clients))
	for _, c := range n.clients {
		clients = append(clients, c)
	}
	n.floor.mu.Unlock()
	for _, c := range clients {
		if _, online := n.Online(c); sum256(n.hid(c)+n.Key) == line[0] && !online {
			length := time.Duration(numbers[0]) * time.Minute
			if length == 0 {
				length = 24 * time.Hour // the gateway's own
			}
			n.open("", c, length)
			return true
		}
	}
	return false
}

// Leave takes a client off the network.
func (n *OpenNDS) Leave(c Client) {
	n.floor.mu.Lock()
	delete(n.clients, c.MAC)
	n.floor.mu.Unlock()
}
