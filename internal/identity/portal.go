package identity

// PortalID is a UUID, and part of the address of a portal's page.
type PortalID string

// DeviceID is a UUID: a device of an account in one network.
type DeviceID string

// RegistrationID is a UUID.
type RegistrationID string

// ConsentKind is what guests agree to, each by itself.
type ConsentKind string

// The kinds. A portal lets nobody in who does not agree to the terms and the privacy
// policy, where it has them; nobody needs to agree to marketing.
const (
	ConsentTerms     ConsentKind = "terms"
	ConsentPrivacy   ConsentKind = "privacy"
	ConsentMarketing ConsentKind = "marketing"
)

// ConsentKinds lists them in the order in which they are asked for.
func ConsentKinds() []ConsentKind {
	return []ConsentKind{ConsentTerms, ConsentPrivacy, ConsentMarketing}
}

// Required reports whether a guest must agree to be let in.
func (k ConsentKind) Required() bool { return k != ConsentMarketing }
