// Package roll is the domain of voucher rolls: batches of printed codes, each good
// for a fixed time from its first use. It makes and reads codes, decides what an
// entered code is worth, and says how what several agents recorded comes together.
//
// The package is pure. It opens nothing, reads no clock and draws nothing but from
// a reader it is given. A code of a roll is a roll code; a voucher is a visit's.
//
// # Two sorts of code
//
// A [LongCode] is seventy random bits and a check symbol. It means nothing by
// itself: who stores it can look it up, nobody can make another. It is what new
// zones should have.
//
// A compatible code is one of pfSense's: a ticket's number, signed with an RSA key
// of at most 64 bits. It is short, it can be verified without a database, and it
// is weak; see the last section. Zones that come from pfSense, or feed points of
// sale that make such codes, go on with them, in the middle of a roll if need be.
//
// # How a compatible code is made
//
// The key's modulus n has exactly K bits, K a multiple of 8. They are shared out
// from the lowest bit upwards:
//
//	roll       R bits   the roll's number
//	ticket     T bits   from 1; 0 is never printed
//	checksum   C bits   (roll + ticket) mod 2^C
//	magic      M bits   the low bits of the zone's magic number; M = K-1-R-T-C
//	0          1 bit    keeps the whole below n, whose first bit is 1
//
// The whole is raised to the private exponent modulo n, without padding, and
// written in the zone's alphabet of B characters as a number of base B, the least
// significant digit first, until nothing is left. So codes differ in length, the
// same ticket always has the same code, and nothing but the key is needed to print
// a roll again.
//
// Reading goes the other way with the public key, and asks in this order: is every
// character of the alphabet, is the number below n, is the magic number right, is
// the checksum. A number has many spellings, because trailing copies of the first
// character are zeros in front and because the original computes modulo 2^64. All
// of them are accepted here too, and none matters: a [Reading] names the ticket
// and the one spelling that is printed.
//
// With M = 0, as with the default bits under a 32-bit key, the magic number says
// nothing, and one number in 64 is some ticket of some roll. A run of the first
// character is then ticket 0 of roll 0. [Verifier] refuses ticket 0.
//
// # What is compatible
//
// [Printer] and [Verifier] make and read the same codes as the original program,
// [Printer.Print] writes the same files, [Original] says the same texts: compared
// byte for byte with recordings of it. Its keys are read in the forms that it
// reads, PKCS #1 and PKCS #8 for private ones and SubjectPublicKeyInfo for public
// ones; a [Mask] has its layout.
//
// Where the original takes what cannot work, this package refuses it and says
// what to do: keys whose size is no multiple of 8, keys that are no pair, alphabets
// with repeated characters, bits that do not fit, rolls of no codes. [Original]
// alone takes them, for the sake of scripts.
//
// The rules of state are not pfSense's. Its own, with their flaws, live in this
// package's tests as a model that replays recordings, and each flaw has a test that
// shows it there and its absence here.
//
// # State
//
// A [Record] says what has become of a [Ticket]; a dormant ticket has none. Records
// change by merging only, which is commutative, associative and idempotent: over
// wins, else the earliest first use, and sold anywhere is sold. So agents that were
// cut off from each other let guests in, and lose nothing when they meet.
//
// A ticket's time goes to one holder, itself or the ticket that it was entered
// with, and [Usage.EndsAt] adds up what a holder has been given. Hence time is
// never counted twice, however codes are repeated, respelt, combined, or used at
// two agents at once. The clock starts at first use and never stops.
//
// [Decide] looks at codes that were entered together and changes nothing; testing a
// code and using it differ in whether the decision's entries are merged. The order
// is: decide, make the entries durable, merge them, let the guest in.
//
// [Import] takes over what pfSense knows of a roll, [Export] gives it back.
//
// # Generations
//
// A ticket belongs to a generation of a roll, not to a roll's number. Changing a
// roll's number or count, or its zone's keys or bits, retires the generation. Its
// codes stay dead: one that follows under the same number begins behind its last
// ticket ([Series.Place]), and codes of earlier keys and bits are recognised as
// theirs before the current ones are asked ([Zone.Find]).
//
// # What a stolen key means
//
// Whoever has a zone's private key makes every code that the zone accepts, of all
// rolls, also those that were never printed. Such keys are so small that the public
// key is as good: factoring a 64-bit modulus takes a few milliseconds (see
// BenchmarkFactor). A configuration backup, an agent's disk, or a firewall that
// only verifies, is enough. Even codes are: under a 32-bit key two of them give the
// key away to a search of all pairs of primes, under a 64-bit key three consecutive
// ones, such as a torn-off strip, by common divisors. No care with keys mends that.
//
// What helps is state: [Roll.SoldOnly] makes a code worthless until it is sold,
// also a forged one; a roll's count bounds what can be forged; guesses are to be
// limited by whoever lets people guess. And long codes, which have no key.
//
// The arithmetic does not run in constant time. There is no secret in it that a
// stopwatch would find sooner than the searches above.
package roll
