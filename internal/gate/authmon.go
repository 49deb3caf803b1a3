package gate

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"
)

// At levels 3 and 4 a daemon of the gateway's, authmon, posts a form to the portal's address
// every few seconds, from behind whatever translation there is, and collects who may go
// in. It does not say who it is: whoever knows the gateway's name can ask too. What they
// learn is tokens that are each good for one client at that gateway; what they can do is
// to acknowledge in its place, and the guest has to press the button again. Source:
// openNDS, libs/authmon.sh, libs/post-request.php, fas-aes/fas-aes-https.php.

// MaxPoll bounds a poll's body, in octets.
const MaxPoll = 4 << 10

// EntryFor is how long an entry waits before the portal forgets it. A client that has
// left is never acknowledged, and its entry would keep others from being collected.
const EntryFor = 2 * time.Minute

// authmonBatch is how many entries the daemon takes of one answer, and it reads no more
// than 1024 octets.
const authmonBatch = 4

// Poll is what a gateway's authmon says.
type Poll struct {
	Gateway string   // SHA-256 of the gateway's name in hex: an Arrival's Handle has it as hash
	Action  string   // view, list, clear, deauthed, custom
	Acks    []string // Entry.Client of those who are in
	acked   bool
}

// ParsePoll reads a poll. Ok is false for a form that is none.
func ParsePoll(form url.Values) (poll Poll, ok bool) {
	r := read(form)
	poll = Poll{Gateway: strings.ToLower(r.text("gatewayhash", maxLabel)), Action: r.text("auth_get", maxLabel)}
	if r.err != nil || len(poll.Gateway) != 64 || strings.Trim(poll.Gateway, "0123456789abcdef") != "" {
		return Poll{}, false
	}
	switch poll.Action {
	case "view", "list", "clear", "deauthed", "custom":
	default:
		return Poll{}, false
	}
	if len(form["payload"]) > 1 {
		return Poll{}, false
	}
	// Newer versions write what they send in base64.
	payload := form.Get("payload")
	if octets, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(payload, " ", "+")); err == nil && isPayload(string(octets)) {
		payload = string(octets)
	}
	poll.acked = strings.HasPrefix(payload, "*")
	if poll.acked {
		poll.Acks = strings.Fields(strings.ReplaceAll(payload, "*", " "))
	}
	return poll, true
}

func isPayload(text string) bool {
	return strings.TrimSpace(text) == "none" || strings.HasPrefix(text, "*")
}

// Answer composes the answer, text/plain, from the entries that wait at this gateway, the
// newest first. Done are those to be forgotten, by Entry.Client: acknowledged, or given
// to an older version that does not acknowledge.
func (p Poll) Answer(waiting []Entry) (body string, done []string) {
	switch {
	case p.Action == "deauthed" || p.Action == "custom":
		// Anybody could say that a client has gone: accounts of sessions are our clock's.
		return "ack", nil
	case p.Action == "clear":
		for _, entry := range waiting {
			done = append(done, entry.Client)
		}
		return "", done
	case p.Action == "view" && p.acked:
		return "ack", p.Acks
	}
	batch := waiting[:min(len(waiting), authmonBatch)]
	var out strings.Builder
	out.WriteString("*")
	for _, entry := range batch {
		out.WriteString(" " + fragmentEscape(entry.Text))
		if p.Action == "list" {
			done = append(done, entry.Client)
		}
	}
	return out.String(), done
}
