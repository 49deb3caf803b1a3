// Package presence shows who may be in the building on the site's own network, for
// when nothing else is left: the evacuation list as the hub last sent it.
//
//	hub ──presence.snapshot──▶ link ──▶ Keeper ──▶ sealed file
//	                                      ▲
//	tablet ──HTTPS, PIN──▶ gate ──▶ handler reads
//
// What holds:
//
//   - Nothing is served, and no port opened, until the hub has sent settings that a
//     member of staff switched on.
//   - Who does not call from one of the management networks has the connection reset
//     before the first octet, and so has who comes when too many are there.
//   - The list is names and whether somebody is overdue. The PIN is known as a slow
//     hash. Neither is ever logged, nor is the address of who asks.
//   - Each list says at which instant it was right. Names older than a day are not
//     shown, whatever else is delayed, and are deleted within seconds of that.
//   - Guessing: after each wrong PIN its source waits, twice as long each time, and
//     after some wrong ones from anywhere everybody does. A try takes its delay when it
//     begins, so that many at once are no more than one. One PIN is verified at a time.
//   - Everything here runs beside RADIUS: Take and Clear only change memory, the disk
//     and the port are Run's, and nothing that fails here ends the agent.
package presence
