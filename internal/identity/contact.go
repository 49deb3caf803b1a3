package identity

import (
	"bufio"
	_ "embed"
	"errors"
	"io"
	"strings"
	"time"
	"unicode"
)

// What is known of mail domains without asking. Both lists are short of what there is;
// operators give a longer one of their own (--disposable-domains).
var (
	//go:embed domains/disposable.txt
	disposableText string
	//go:embed domains/providers.txt
	providersText string
)

// maxDomains bounds a list, and maxDomain a name in it (RFC 1035, section 2.3.4).
const (
	maxDomains = 1_000_000
	maxDomain  = 253
)

// Domains are names, each of which stands for those below it as well.
type Domains map[string]struct{}

// Disposable lists domains of throw-away addresses that are known everywhere.
func Disposable() Domains { return builtIn(disposableText) }

// Providers lists large mail providers, whose domains need no look-up.
func Providers() Domains { return builtIn(providersText) }

func builtIn(text string) Domains {
	d, err := ReadDomains(strings.NewReader(text))
	if err != nil {
		panic("identity: " + err.Error())
	}
	return d
}

// ErrDomains means that a list cannot be read.
var ErrDomains = errors.New("not a list of domains: one a line, such as example.org; # begins a comment")

// ReadDomains reads a list: a domain a line, # begins a comment.
func ReadDomains(r io.Reader) (Domains, error) {
	d := Domains{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "#")
		name = strings.ToLower(strings.Trim(strings.TrimSpace(name), "."))
		if name == "" {
			continue
		}
		if len(name) > maxDomain || !strings.Contains(name, ".") || strings.ContainsAny(name, " \t/@:,;\"'<>") || len(d) == maxDomains {
			return nil, ErrDomains
		}
		d[name] = struct{}{}
	}
	return d, lines.Err()
}

// Has reports whether a domain or one above it is in the list.
func (d Domains) Has(domain string) bool {
	for domain = strings.ToLower(strings.TrimSuffix(domain, ".")); domain != ""; {
		if _, ok := d[domain]; ok {
			return true
		}
		_, above, found := strings.Cut(domain, ".")
		if !found {
			return false
		}
		domain = above
	}
	return false
}

// MailDomain is the domain of an address, in lower case; empty if it has none.
func MailDomain(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(address[at+1:], "."))
}

// Answer is what DNS says of something.
type Answer string

// The answers. None is not the same as no answer.
const (
	AnswerSome   Answer = "some"
	AnswerNone   Answer = "none" // no such name, or none of this type
	AnswerFailed Answer = "failed"
)

// Lookup is what was found out about a domain. A and AAAA count only where there is no
// MX (RFC 5321, section 5.1).
type Lookup struct {
	MX     Answer
	NullMX bool // its only MX is the root: it takes no mail (RFC 7505)
	Hosts  Answer
}

// Lists are what needs no look-up.
type Lists struct{ Disposable, Providers Domains }

// JudgeOffline settles what can be without DNS. Nothing is told of mailboxes: asking a
// mail server for one is what senders of junk do, and gets the asker listed.
func (l Lists) JudgeOffline(proven bool, domain string) (status ContactStatus, settled bool) {
	switch {
	case proven:
		return ContactValid, true
	case domain == "", strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }):
		return ContactUnknown, true // internationalised names are not looked up
	case l.Disposable.Has(domain):
		return ContactDisposable, true
	case l.Providers.Has(domain):
		return ContactValid, true
	}
	return ContactUnknown, false
}

// Judge says what DNS comes to: where it did not answer, nothing.
func (l Lookup) Judge() (status ContactStatus, settled bool) {
	switch {
	case l.MX == AnswerSome && l.NullMX:
		return ContactInvalid, true
	case l.MX == AnswerSome:
		return ContactValid, true
	case l.MX == AnswerNone && l.Hosts == AnswerSome:
		return ContactValid, true
	case l.MX == AnswerNone && l.Hosts == AnswerNone:
		return ContactInvalid, true
	}
	return ContactUnknown, false
}

// When to look again at what could not be found out: as late as the account is old,
// within these bounds. After ContactGiveUp it stays unknown.
const (
	ContactSoonest = time.Hour
	ContactLatest  = 24 * time.Hour
	ContactGiveUp  = 14 * 24 * time.Hour
)

// ContactAgain is when to look again at an account made at an instant; zero is never.
func ContactAgain(madeAt, now time.Time) time.Time {
	age := now.Sub(madeAt)
	if age >= ContactGiveUp {
		return time.Time{}
	}
	return now.Add(min(max(age, ContactSoonest), ContactLatest))
}
