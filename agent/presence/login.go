package presence

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	loginFor  = 15 * time.Minute
	maxLogins = 64 // the one that ends first makes room
)

// logins are the browsers that have shown the PIN. They are in memory only, as
// hashes, and end with the PIN that they were opened by.
type logins struct {
	now  func() time.Time
	mu   sync.Mutex // guards open
	open map[[sha256.Size]byte]login
}

type login struct {
	until time.Time
	pin   string // the hash of the PIN
}

func newLogins(now func() time.Time) *logins {
	return &logins{now: now, open: map[[sha256.Size]byte]login{}}
}

// begin returns the token of a new login.
func (l *logins) begin(pin string) string {
	token := rand.Text()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.open) >= maxLogins {
		l.dropFirst()
	}
	l.open[sha256.Sum256([]byte(token))] = login{l.now().Add(loginFor), pin}
	return token
}

func (l *logins) dropFirst() {
	var first [sha256.Size]byte
	var until time.Time
	for key, login := range l.open {
		if until.IsZero() || login.until.Before(until) {
			first, until = key, login.until
		}
	}
	delete(l.open, first)
}

// hold reports whether token is of a login that goes on. That its hash is looked up
// takes no time that tells anything about a token.
func (l *logins) hold(token, pin string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := sha256.Sum256([]byte(token))
	login, ok := l.open[key]
	if ok && login.pin == pin && l.now().Before(login.until) {
		return true
	}
	delete(l.open, key)
	return false
}

func (l *logins) end(token string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, sha256.Sum256([]byte(token)))
}
