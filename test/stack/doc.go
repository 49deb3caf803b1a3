// Package stack runs Foyer's roles as real processes on real services, for the
// tests that tell a story from outside: e2e, compose and bench.
//
// A Stack owns a Postgres, a Temporal dev server and any number of api, worker
// and agent processes on loopback. Each can be killed with -9, stopped, started
// again and asked; every process's log is kept and shown when a test fails.
package stack
