// Package agent is Foyer's process on a site's LAN: it answers the site's NASes
// by RADIUS from its own memory, and follows the hub when it can.
//
//	          ┌────────────────────────── agent ──────────────────────────┐
//	NAS ──────▶ radius ──reads──▶ ledger ◀──applies── link ◀──WebSocket──▶ hub
//	          │   └──▶ journal (durable before answered) ──▶ link         │
//	          │   └──▶ session ◀──watches── disconnect ──▶ journal        │
//	NAS ◀─────── Disconnect-Request ────────────┘                         │
//	          └───────────────────────────────────────────────────────────┘
//
// What it answers with is on its disk, so that a restart needs no hub: New reads
// the disk, Run opens the RADIUS ports, and only then is the hub called. An agent
// that is not enrolled yet answers too (it knows no NAS, and so is silent) and
// tries to enrol until it is. No part waits for the hub, and the hub waits for no
// NAS: an entry is acknowledged when it is in memory and on disk, and ending
// sessions goes on beside that.
//
// Everything ends with Run's context, the ports first and the disk last.
package agent
