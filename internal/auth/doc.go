// Package auth says who is asking and what they may do: principals with their
// permissions and sites, roles, passwords, second factors, tokens, cookies and the
// lockout rule. It opens nothing and keeps nothing; hashes and counters live in the
// store, and time and randomness are arguments.
//
// A request carries a bearer token, a login cookie or a kiosk's. Each becomes one
// [Principal]. Each route declares one [Permission], and each query takes the
// principal's [Sites]: what lies at other sites does not exist for it. A host sees
// visits to themselves only (Principal.Host).
//
// Guessing is made useless in layers: 256-bit tokens; argon2id passwords whose
// verification is limited in number, so that a spray costs the attacker time and
// not us memory; a lockout per name that outlives restarts because Postgres holds
// it, and that counts an attempt before the password is looked at, so that guesses at
// once gain nothing; codes of a second factor that work once and count the same. An
// unknown name gets the answer of a locked one, and it takes as long
// ([Passwords.VerifyNobody]).
package auth
