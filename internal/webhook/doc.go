// Package webhook sends events to customers' endpoints: signed after Standard
// Webhooks 1.0.0 (https://www.standardwebhooks.com), to addresses that are
// checked when they are dialled, one attempt at a time. It knows no storage; who
// calls it decides what is sent, when again, and what becomes of an endpoint
// that says 410.
//
// # What an attempt comes to
//
// A status of 2xx is delivered. Everything else is a [visit.Error] whose code
// says why and is kept in the delivery's log:
//
//	webhook_gone                       410: the endpoint wants no more, ever; final
//	status_429, _502, _503, _504       limited; after Retry-After, where it is sent
//	status_301, _400, _500, ...        any other answer; redirects are not followed
//	timeout                            no answer within the deadline
//	dns, tls, refused_address          the name, the certificate, the address
//	connection_refused, connection_reset, connection, protocol
//	                                   the rest of what can go wrong on the way
//
// All but the first are worth repeating: names, certificates, servers and even
// addresses are mended, and [Pause] says how long that is waited for.
//
// # Whom it does not call
//
// A URL is given by customers, the network it is called from is the operator's.
// [Guard] refuses every address that is not public, unless the operator allowed
// it. It is asked with the address of the very connection that is about to be
// made, so that a name that resolves to one address when it is checked and to
// another when it is used gains nothing. Plain http is spoken to allowed
// addresses only. A network of the operator's own that translates to IPv4 (NAT64
// on a prefix other than the well-known one) cannot be told from the Internet;
// where there is one, an egress proxy belongs in front.
//
// # What is not told
//
// Neither a URL's path and query, which may hold a customer's token, nor anything
// the receiver said goes into an error.
package webhook
