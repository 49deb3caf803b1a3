// Package redeem lets guests in by roll codes, without the hub: an agent's book of
// its site's zones, their rolls, and what became of their codes.
//
// # What a code goes through
//
// The NAS, and where that is configured its SSID, leads to one zone ([Book.Zone]).
// [Book.Redeem] looks the code up there and decides by the rules of package roll.
// A first use is on disk before the guest is let in, and then in the journal, from
// where the hub learns of it; a use that the journal did not take is offered again
// by [Book.Run] and after a restart. A guest whose use cannot be written is refused.
//
// An access is a grant: the book computes its end from the records of all tickets
// whose time it was given, and has the ledger hold it, which ends it in time.
//
// # What comes from the hub
//
// Zones, rolls and hashes of codes replace what was there. What became of codes is
// added to what is known and takes nothing away ([roll.Record]), so that neither
// order nor repetition nor a hub that knows less than this agent does harm. An
// access ends by its time, by a ticket that is over, or with its roll or zone, but
// not because a snapshot does not mention it: the hub may not have heard of it yet.
// It is told again of uses that its snapshot lacks: it may have been restored.
//
// # Guessing
//
// A compatible code can be guessed. Who sent a wrong one too often is held off by the
// brake of package radius, by device; and a zone that has been sent too many wrong
// ones by whomever checks none for a while, except those of devices that come back
// to their access. Both say the same to right and wrong codes.
//
// # Disk
//
// One bbolt file, sealed as the ledger's is. The book is changed there first and in
// memory after it; one lock is held over both, and only logins by code wait for it.
// A file that cannot be read is moved aside, and no code is good until the hub has
// sent everything again: a lost record must not make a used code fresh.
package redeem
