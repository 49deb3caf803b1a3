// Package guest serves the pages behind signed links: what a visitor or a host
// sees of one visit, at /v/{token}.
//
// They need no script, no cookie and no sign-in. GET changes nothing, whoever
// follows the link: scanners of mail do. What changes something is a form that
// says what it was shown, so that sending it twice extends once. What a link may
// do follows from its purpose and from the visit's row; a visit that is over is
// not told about any more.
package guest
