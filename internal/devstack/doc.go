// Package devstack runs a private Postgres cluster and a private Temporal dev
// server as child processes of the caller. `foyer up` and the tests start
// their backing services through it, so that both walk the same path.
//
// Rules that hold for both services:
//
//   - A service belongs to one directory, and a directory to one process: a
//     file lock on it, held until Stop, makes a second start fail instead of
//     sharing or stealing the data.
//   - Both listen on 127.0.0.1 only. Postgres has no Unix socket and asks for a
//     random password; the dev server knows no authentication, which is why it
//     must stay on loopback.
//   - A child does not outlive its parent: the kernel signals it when the
//     parent dies, however it dies (Linux). As a safety net the next start on
//     the same directory ends whatever still runs in it.
//   - Children are in process groups of their own, so that Ctrl-C at a terminal
//     reaches the parent alone and the parent decides the order of stopping.
//   - Stop is orderly, Kill9 is a power cut for fault tests, Restart runs the
//     same data on the same port again.
//
// The zero value of each configuration field means its default. All methods
// are safe for concurrent use, but Stop, Kill9 and Restart of one service wait
// for each other.
package devstack
