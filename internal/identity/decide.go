package identity

import "time"

// Page is what a device that stands before the portal is shown.
type Page string

// The pages.
const (
	PageFull      Page = "full"      // the whole login
	PageContinue  Page = "continue"  // one button, no field for a login or password
	PageConnected Page = "connected" // it is online: let in again without a word
	PageSilent    Page = "silent"    // let in at once
	PageWaiting   Page = "waiting"   // somebody has to decide, or the guest to prove something
	PageDenied    Page = "denied"

	// PageAdmitted is no page: what was decided is that the device is let in.
	PageAdmitted Page = "admitted"
)

// Rule names what decided. Names are stored and shown.
type Rule string

// The rules, in the order in which they are asked.
const (
	RuleAccess    Rule = "access_rule"    // a rule of the template keeps out
	RuleLive      Rule = "live"           // the device has an authentication here
	RuleUnknown   Rule = "not_recognised" // nobody is known by what the device shows
	RuleElsewhere Rule = "mac_elsewhere"  // its address is known, and is online at another site at the same time
	RuleBlocked   Rule = "blocked"
	RuleErased    Rule = "erased"
	RulePending   Rule = "pending"
	RuleScheduled Rule = "scheduled"
	RuleExpired   Rule = "expired"
	RuleDevices   Rule = "device_limit"
	RuleConsent   Rule = "consent_due" // the texts have changed since the guest agreed
	RulePrivate   Rule = "private_mac" // recognised by an address that may be anybody's soon
	RuleContinue  Rule = "reauth_continue"
	RuleSilent    Rule = "reauth_silent"

	// Why a device was let in, when it was.
	RuleLogin      Rule = "login"      // somebody logged in
	RuleRecognised Rule = "recognised" // it was known

	// Of logins that let nobody in.
	RuleCredentials Rule = "credentials" // what was typed is wrong
	RuleNotActive   Rule = "not_active"  // the account is not valid
)

// Facts are what the decision is made from.
type Facts struct {
	Now        time.Time
	Denied     bool            // an access rule says no
	Live       *Authentication // of this device at this portal, if it has one
	By         Recognition
	MAC        string
	Account    *Account // whom By recognised
	Elsewhere  bool     // it would be recognised by its address, were that not online at another site too
	Waiting    bool     // a request of this device waits for a sponsor or a proof
	Reauth     Reauth
	ConsentDue bool
	Devices    int // of the account that are online, but this one
	Limit      int // of devices; 0 no limit
}

// Decision is the answer, and the rule it follows from.
type Decision struct {
	Page Page
	Rule Rule
	// Prefill: the login may be filled in, and no more be given away.
	Prefill bool
}

// Decide says what a device is shown.
func Decide(f Facts) Decision {
	switch {
	case f.Denied:
		return Decision{Page: PageDenied, Rule: RuleAccess}
	case f.Live != nil && f.Live.Left(f.Now) > 0:
		return Decision{Page: PageConnected, Rule: RuleLive}
	case f.Waiting:
		return Decision{Page: PageWaiting, Rule: RulePending}
	case f.Elsewhere:
		return Decision{Page: PageFull, Rule: RuleElsewhere}
	case f.By == ByNothing || f.Account == nil:
		return Decision{Page: PageFull, Rule: RuleUnknown}
	}
	switch f.Account.Lifecycle(f.Now) {
	case Blocked:
		return Decision{Page: PageDenied, Rule: RuleBlocked}
	case Erased:
		return Decision{Page: PageFull, Rule: RuleErased}
	case Pending:
		return Decision{Page: PageWaiting, Rule: RulePending}
	case Scheduled:
		return Decision{Page: PageFull, Rule: RuleScheduled, Prefill: f.By == ByCookie}
	case Expired:
		return Decision{Page: PageFull, Rule: RuleExpired, Prefill: f.By == ByCookie}
	}
	return f.readmit()
}

// readmit is for whom an active account was recognised.
func (f Facts) readmit() Decision {
	switch {
	case f.Limit > 0 && f.Devices >= f.Limit:
		return Decision{Page: PageDenied, Rule: RuleDevices}
	case f.ConsentDue:
		return Decision{Page: PageContinue, Rule: RuleConsent}
	case f.Reauth != ReauthSilent:
		return Decision{Page: PageContinue, Rule: RuleContinue}
	case f.By == ByMAC && Private(f.MAC):
		return Decision{Page: PageContinue, Rule: RulePrivate}
	}
	return Decision{Page: PageSilent, Rule: RuleSilent}
}
