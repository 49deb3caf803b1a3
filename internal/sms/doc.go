// Package sms sends codes by SMS through any gateway that speaks HTTP.
//
// Nothing is sent unless a number begins with an allowed prefix; none is allowed by
// default. A code has six digits, is good once, for ten minutes and five tries.
// How many a number and a site get in an hour, and what a site may spend in a day,
// is counted in the database, so that it holds over all processes. Number and code
// are kept as keyed hashes only.
package sms
