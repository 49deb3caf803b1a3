// Package journal keeps the agent's reports on disk until the hub has stored them:
// accounting, refused logins, results of terminations.
//
// # Durability
//
// [Journal.Append] returns after the record is on disk; only then may a NAS be
// answered. One goroutine writes what has gathered while the last fsync ran, so
// that many writers share one. When writing or syncing fails, every record of the
// batch fails. What the kernel did with a file after a failed fsync is unknown: the
// file is cut back to what was durable and never written again, and the numbers of
// the failed records are never used again. The next batch starts a new file, so a
// full disk mends itself when there is space.
//
// # Files
//
// A journal is a directory with an identity (journal.json) and segments named by
// their first sequence. A segment is a row of frames, each with a marker, a
// checksum and a sealed record. After a crash the last segment is cut at the end
// of its last good frame. A bad stretch elsewhere is skipped up to the next good
// frame and counted.
//
// The identity is random per directory: with it and the sequence the hub tells a
// repeat from another journal's record, also after the disk was wiped. A record may
// be sent again after a restart.
//
// # Bounds
//
// Beyond MaxBytes, of each session's Interim-Updates only the last is kept, then
// the oldest segments are dropped and their records counted. Records not yet
// written are bounded too: Append then fails, Enqueue drops and counts.
package journal
