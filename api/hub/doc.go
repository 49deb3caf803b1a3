// Package hub holds the agents' links: it enrols agents, says what they should
// know, and takes in what they report.
//
// # One link
//
// An agent connects by WebSocket under TLS 1.3 with its certificate, says
// where it stands (agent.hello), and is either resumed from there or given the
// whole set (ledger.snapshot). From then on three goroutines serve it:
//
//	reader    acknowledgements and reports up, each stored before it is answered
//	follower  ledger entries, commands and other agents' sessions down
//	writer    the only one that writes to the socket; pings
//
// # What holds
//
//   - No entry is sent before the snapshot or resume that it builds on.
//   - Every write on behalf of an agent carries the epoch its connection took;
//     once another connection has taken the next one, nothing of the old is
//     stored any more, and the old link is closed with 4409.
//   - A link's queue belongs to that link alone: an agent that does not read
//     delays nobody and is cut by the write deadline.
//   - The tables are the truth. Notifications only wake a follower earlier than
//     its poll of one second would.
//   - A withdrawn agent loses its live link, also when another replica holds it.
package hub
