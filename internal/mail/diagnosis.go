package mail

import (
	"errors"
	"fmt"
)

// Diagnose says in plain words, for an operator at the shell, what an error of
// Send means and what to look at.
func Diagnose(err error) string {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		if errors.Is(err, errAddress) {
			return "An address is not one that mail can go to: look at --to and --mail-from."
		}
		return err.Error()
	}
	if f.status != 0 {
		return f.refusal() + fmt.Sprintf(" The server said %d %s.", f.status, f.enhanced)
	}
	switch {
	case errors.Is(f.err, errNotOffered):
		return "The server offers no STARTTLS, so that mail and password would travel in clear. Use a port that does, smtps://, or, on a network you trust, add ?tls=optional to the SMTP URL."
	case errors.Is(f.err, errNoMechanism), f.step == stepAuth && !f.lost():
		return "The server offers no way to sign in that we may use: none in common, or only without TLS."
	case f.step == stepTLS && !f.lost():
		return "The server cannot be trusted: " + f.nature() + "."
	case f.nature() == "no such host":
		return "There is no host of that name. Look at the host in the SMTP URL, and at this machine's DNS."
	case f.step == stepDial:
		return "Nothing answers there: " + f.nature() + ". Look at host and port in the SMTP URL, and at firewalls."
	}
	return "The server stopped answering (" + string(f.step) + "): " + f.nature() + "."
}

// refusal is for what the server said itself.
func (f *failure) refusal() string {
	switch {
	case f.explain().Code == "mail_deferred":
		return "The server wants to be asked again later, as greylisting does. A delivery would be; this test is not."
	case f.step == stepAuth:
		return "The server refused user name and password."
	case f.step == stepSender:
		return "The server refuses our sender address. Look at --mail-from."
	case f.step == stepRecipient:
		return "The server refused the recipient."
	case f.step == stepMessage:
		return "The server refused the message itself."
	}
	return "The server turned us away."
}
