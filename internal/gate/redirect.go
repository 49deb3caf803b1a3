package gate

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/visit"
)

// Bounds of what is kept of a redirect. A handle has room for one address and a few
// short values.
const (
	maxTarget   = 1536
	maxContinue = 1024
	maxLabel    = 64
)

// reader reads a redirect's parameters and keeps the first thing that is wrong with
// them: devices say a thing once, so a parameter given twice is somebody's attempt to
// be read differently by two readers.
type reader struct {
	query url.Values
	err   error
}

// read starts to read a redirect. Names lists what the vendor's devices add, and is
// needed where they append that with a ? of their own to an address that has a query:
// the first of them is then swallowed by our last parameter's value, or the ? is part of
// its name, and it is found there.
func read(query url.Values, names ...string) *reader {
	r := &reader{query: query}
	size := 0
	for name, values := range query {
		size += len(name)
		for _, value := range values {
			size += len(value) + 2
		}
	}
	if size > MaxQuery {
		r.refuse()
	}
	r.unfold(names)
	return r
}

// unfold finds the parameter that a second ? hid in the value of another, one that is
// not the vendor's.
func (r *reader) unfold(names []string) {
	for name, values := range r.query {
		if slices.Contains(names, name) || len(values) != 1 {
			continue
		}
		_, hidden, _ := strings.Cut(name+"="+values[0], "?")
		key, value, found := strings.Cut(hidden, "=")
		if !found || !slices.Contains(names, key) {
			continue
		}
		// The query is the caller's, and another may be reading it.
		copied := make(url.Values, len(r.query)+1)
		for name, values := range r.query {
			copied[name] = values
		}
		copied[key] = append(slices.Clone(copied[key]), value)
		r.query = copied
		return
	}
}

func (r *reader) refuse() {
	if r.err == nil {
		r.err = ErrForged
	}
}

// has reports whether a parameter is there, even if it is empty.
func (r *reader) has(name string) bool { return r.query.Has(name) }

// text returns a parameter of at most so many octets; a longer one, one given twice, and
// one with control characters is refused.
func (r *reader) text(name string, most int) string {
	values := r.query[name]
	if len(values) == 0 {
		return ""
	}
	if len(values) > 1 || len(values[0]) > most || strings.ContainsFunc(values[0], isControl) {
		r.refuse()
		return ""
	}
	return values[0]
}

func isControl(c rune) bool { return c < 0x20 || c == 0x7f || c == '\uFFFD' }

// label returns what is only shown and compared, cut to what an Arrival holds. A
// hardware address is spelled as everywhere else.
func (r *reader) label(name string) string {
	values := r.query[name]
	if len(values) > 1 {
		r.refuse()
	}
	if len(values) != 1 {
		return ""
	}
	if mac, ok := visit.ParseMAC(values[0]); ok {
		return mac
	}
	return label(values[0])
}

// label cuts text to 64 octets of whole characters, without those that control a terminal.
func label(text string) string {
	text = strings.Map(func(c rune) rune {
		if isControl(c) {
			return -1
		}
		return c
	}, text)
	for len(text) > maxLabel {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// mac returns a hardware address, empty if there is none; what is no address is refused.
func (r *reader) mac(name string) string {
	text := r.text(name, maxLabel)
	if text == "" {
		return ""
	}
	mac, ok := visit.ParseMAC(text)
	if !ok {
		r.refuse()
	}
	return mac
}

// ip returns an address, invalid if there is none or it is none.
func (r *reader) ip(name string) netip.Addr {
	ip, _ := visit.ParseIP(r.text(name, maxLabel))
	return ip
}

// onward returns where the guest was going: see onward below.
func (r *reader) onward(name string) string {
	values := r.query[name]
	if len(values) != 1 {
		return "" // no secret goes there, so this alone refuses nobody
	}
	return onward(values[0])
}

// arrival is what was read, or what is wrong with it: a device always says which client it
// sends and where that is to log in, the part of the handle named login.
func (r *reader) arrival(a Arrival, login string, d door, s Settings) (Arrival, error) {
	switch {
	case r.err != nil:
		return Arrival{}, r.err
	case a.MAC == "" || a.Handle[login] == "":
		return Arrival{}, ErrNotFromNAS
	}
	target, err := d.target(a.Handle[login], s)
	if err != nil {
		return Arrival{}, err
	}
	a.Handle[login] = target.String()
	return a, nil
}

// onward returns an address that a guest may be sent on to, http or https and bounded;
// empty for anything else. An address without a scheme, as Cisco's controllers have
// them, gets http.
func onward(text string) string {
	if text == "" || len(text) > maxContinue || strings.ContainsFunc(text, isControl) || strings.ContainsAny(text, `\ `) {
		return ""
	}
	if !strings.Contains(text, "://") {
		text = "http://" + strings.TrimPrefix(text, "//")
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// landing is where a device is told to send a guest who is in: our own page, or where
// they were going.
func landing(g Grant) string {
	if g.Success != "" {
		return g.Success
	}
	return onward(g.Continue)
}

// withQuery returns an address with parameters added in order. Those of the same name
// that it came with are dropped, whoever put them there; the others keep their octets.
func withQuery(u *url.URL, fields ...Field) *url.URL {
	ours := func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		return err != nil || slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name })
	}
	var pairs []string
	if u.RawQuery != "" {
		pairs = slices.DeleteFunc(strings.Split(u.RawQuery, "&"), ours)
	}
	for _, f := range fields {
		pairs = append(pairs, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	out := *u
	out.RawQuery = strings.Join(pairs, "&")
	return &out
}

// seconds is how long a device is told to stay open: whole seconds, rounded down and
// never 0, which some take for unlimited.
func seconds(left time.Duration) int { return max(1, int(left/time.Second)) }

// minutes is the same for devices that count minutes.
func minutes(left time.Duration) int { return max(1, int(left/time.Minute)) }
