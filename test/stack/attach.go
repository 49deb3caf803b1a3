package stack

import "testing"

// Attach speaks to APIs that run already and belong to somebody else: it can
// call them and ask agents, and owns no process.
func Attach(t testing.TB, token string, apis ...string) *Stack {
	return &Stack{t: t, Token: token, apiURLs: apis, Dir: t.TempDir()}
}
