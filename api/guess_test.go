package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/api"
	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/limit"
)

const guesses = 10_000

// guess sends n wrong passwords and, in their midst, the right one, from addresses
// of a trusted proxy's word, many at a time. It returns how many got each status.
func (b *bench) guess(t *testing.T, email string, n int, from func(i int) string) map[int]int {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 300, MaxConnsPerHost: 300}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var mu sync.Mutex
	statuses := map[int]int{}
	var next atomic.Int64
	var group sync.WaitGroup
	for range 300 {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				password := "wrong password " + strconv.Itoa(i)
				if i == n/2 {
					password = canaryPassword
				}
				status := attempt(t.Context(), client, b.url, from(i), email, password)
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return statuses
}

func attempt(ctx context.Context, client *http.Client, url, from, email, password string) int {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/login", strings.NewReader(body))
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-For", from)
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// everywhere is another address for each guess.
func everywhere(i int) string { return fmt.Sprintf("198.18.%d.%d", i>>8, i&255) }

func guessable(c *api.Config) {
	c.TrustedProxies = []string{"127.0.0.1"}
	c.Logins = limit.New(limit.Config{Rate: 0.2, Burst: 10, Keys: 10_000}, c.Now) // as in production
	c.Passwords = auth.NewPasswords(400, auth.Cost{Memory: 64, Time: 1, Lanes: 1})
}

// Guessing does not pay (promise P25, the login half): 10,000 guesses, the right one
// among them, from one address and from ten thousand, against one user, and against
// as many names. The clock stands, so that nothing runs out meanwhile.
func TestGuessingPasswordsDoesNotPay(t *testing.T) {
	t.Parallel()
	b := setup(t, guessable)
	start := time.Now()
	one, _ := b.user(t, auth.Reception, b.site)
	statuses := b.guess(t, one, guesses, func(int) string { return "203.0.113.9" })
	require.Equal(t, map[int]int{401: 10, 429: guesses - 10}, statuses, "an address has ten tries")
	t.Logf("%d guesses from one address: %v, %v", guesses, statuses, time.Since(start))

	start = time.Now()
	email, id := b.user(t, auth.Reception, b.site)
	statuses = b.guess(t, email, guesses, everywhere)
	require.Zero(t, statuses[200])
	require.Equal(t, guesses, statuses[401]+statuses[429])
	require.Positive(t, statuses[401])
	user, err := b.User(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 5, user.FailedAttempts, "a user has five tries, from wherever; the others were not looked at")
	t.Logf("%d guesses from as many addresses: %v, %v", guesses, statuses, time.Since(start))

	// The control: without the count that Postgres keeps, the password is found.
	b.forget(t)
	require.Equal(t, 1, b.guessForgetting(t, email))
}

// guessForgetting guesses twenty times while somebody empties the count.
func (b *bench) guessForgetting(t *testing.T, email string) (found int) {
	t.Helper()
	for i := range 20 {
		b.forget(t)
		password := "wrong"
		if i == 10 {
			password = canaryPassword
		}
		if attempt(t.Context(), b.client, b.url, everywhere(i), email, password) == http.StatusOK {
			found++
		}
	}
	return found
}

func (b *bench) forget(t *testing.T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	_, err = conn.Exec(t.Context(), "update users set failed_attempts = 0, failed_at = null")
	require.NoError(t, err)
}

// A lockout holds for a process that was not there when it came about, and the
// answer is that for a name that nobody has.
func TestLockoutHoldsElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	email, _ := b.user(t, auth.Reception, b.site)
	for range 5 {
		b.want(t, 401, signIn(email, "wrong"))
	}
	restarted := *b
	server, err := api.New(api.Config{
		Store: b.Store, Passwords: auth.NewPasswords(4, auth.Cost{Memory: 64, Time: 1, Lanes: 1}), Hash: b.Keyring.MAC, Links: b.Keyring,
		Metrics: api.NewMetrics(newRegistry()), Logger: quiet(), Now: b.Clock.Now, Version: "test", PublicURL: publicURL,
	})
	require.NoError(t, err)
	restarted.url = serveAlone(t, server.Handler())
	locked := restarted.refused(t, 401, "login_refused", signIn(email, canaryPassword))
	unknown := restarted.refused(t, 401, "login_refused", signIn("nobody@example.org", canaryPassword))
	require.Equal(t, string(unknown.text), string(locked.text))
	b.Clock.Advance(time.Minute)
	restarted.want(t, 200, signIn(email, canaryPassword))
}
