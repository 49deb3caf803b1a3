// Package ledger is what an agent may accept: the grants and NASes of its site,
// in memory for RADIUS and on disk for a restart without the hub.
//
// # Reading
//
// [Ledger.Lookup] and [Ledger.NAS] take no lock and allocate nothing. User names
// live in a hash table of many small maps that are never changed once published:
// a writer copies one small map, so a change among 100,000 grants touches about
// a hundred, and a snapshot swaps the table.
//
// # Writing
//
// Changes come in the order of the site's ledger. What takes access away works in
// memory at once, then everything is written in one transaction together with the
// position, then new grants work. When Apply or Replace returns nil, the change is
// in memory and on disk and may be acknowledged. When it returns an error nothing
// may be: the removals hold in memory, the position stays, and the same entries,
// sent again, come to the same.
//
// A snapshot is written in portions beside the old set and becomes the set in one
// small transaction: a crash leaves the old or the new, never a mixture.
//
// # Ending
//
// A grant ends at its not_after by the corrected clock: Lookup compares, and
// [Ledger.Run] tells OnEnded at that instant. Its row stays until the hub takes it
// away, so that a clock found to be wrong loses nothing; without the hub, for 48
// hours. OnEnded may be told of the same grant again after a restart.
//
// Names of grants that were taken away are remembered for a day, at most 10,000,
// so that staff can tell a former guest from a typing error.
//
// # One-time secrets and devices
//
// [Ledger.Spend] uses up in memory, and the disk follows. What was on disk at the start
// therefore counts as used, and a new secret works only once it is on disk.
// [Ledger.HoldDevice] keeps, on disk, an access that this agent gave a device, until the
// hub has an entry about it or the device's own grant goes.
//
// # Failures
//
// A file that is damaged, or sealed with another key, is moved aside and the
// ledger starts empty, which only a snapshot mends.
package ledger
