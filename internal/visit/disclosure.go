package visit

// Disclosed is how a visit's password came to somebody. Names are interface.
type Disclosed string

// The ways. The site's agents, which must know passwords to check them, are not
// among them.
const (
	DisclosedAtCheckIn Disclosed = "check_in" // in the answer to it, a walk-in's registration included
	DisclosedAtReadmit Disclosed = "readmit"
	DisclosedAtReissue Disclosed = "reissue"
	DisclosedAgain     Disclosed = "repeat"   // a request that was repeated was answered as before
	DisclosedByReveal  Disclosed = "revealed" // on demand
	DisclosedByMail    Disclosed = "mailed"
)
