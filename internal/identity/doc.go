// Package identity is about guests as a captive portal knows them, and the rules of
// time that they live by. It is pure: no I/O, no clock, no randomness.
//
// An Account is a guest's identity: a person, what they log in with, and from when to
// when they may. A Profile says how long that is. A Template is a portal's page and
// policy, and says how long one login lasts: its lifetime. An Authentication is one
// such login of one device. It never outlives the account: the shorter counts, when
// the two are configured, when a login is granted, and in the database.
//
// Intervals are half-open: good from the start on, and not at the end.
//
// Decide is what happens when a device stands before the portal; its rules are in the
// order in which they are asked, and the one that decided is part of the answer.
package identity
