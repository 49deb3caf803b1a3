// Package mail writes Foyer's mail and hands it to a mail server.
//
// # Parts
//
//   - [Plan] says which mail an event gives rise to.
//   - [Writer] writes a mail of a kind, in the site's language and time zone, as
//     text and HTML, with a QR code and an appointment where they help.
//   - [Client] hands it over by SMTP.
//
// # Errors
//
// Refusals are visit.Error values. What may mend is KindUnavailable and is tried
// again: no answer, a lost connection, 4xx (greylisting: not before six minutes).
// So is trouble with our own settings (mail_auth, mail_tls, mail_sender): an
// operator mends those within the days that a delivery is tried, and nothing is
// lost meanwhile. After a refused password the client leaves the server alone for
// a minute, so that a thousand deliveries do not lock the account. Only a 5xx to a
// recipient or to the message itself is final: mail_rejected. A server that took
// the message and then fell silent may have it; it is sent again, under the same
// Message-ID.
//
// No error quotes what the server said, which repeats addresses, nor an address.
package mail
