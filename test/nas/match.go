package nas

import (
	"bytes"
	"net/netip"
	"slices"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
)

// Error-Cause values (RFC 5176 section 3.5).
const (
	causeUnsupportedAttribute uint32 = 401
	causeMissingAttribute     uint32 = 402
	causeNASMismatch          uint32 = 403
	causeUnsupportedExtension uint32 = 406
	causeInvalidValue         uint32 = 407
	causeNotFound             uint32 = 503
	causeMultiple             uint32 = 508
)

// identifiers compare a session with an attribute that identifies it (RFC 5176
// section 3); only these can select what is ended. A session never matches an
// attribute it does not have.
var identifiers = map[radius.Type]func(*session, radius.Attribute) bool{
	rfc2865.UserName_Type: func(s *session, a radius.Attribute) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.username() == string(a)
	},
	rfc2865.CallingStationID_Type: func(s *session, a radius.Attribute) bool {
		mac, err := canonicalMAC(string(a))
		return err == nil && mac == s.mac
	},
	rfc2865.FramedIPAddress_Type: func(s *session, a radius.Attribute) bool {
		ip, ok := netip.AddrFromSlice(a)
		return ok && ip == s.guest.IP
	},
	rfc2865.NASPort_Type: func(s *session, a radius.Attribute) bool {
		return bytes.Equal(a, radius.NewInteger(s.port))
	},
	rfc2866.AcctSessionID_Type: func(s *session, a radius.Attribute) bool { return s.id == string(a) },
}

// accompanying attributes may stand in a Disconnect-Request without selecting
// anything (RFC 5176 section 3.6).
var accompanying = []radius.Type{
	rfc2865.ReplyMessage_Type, rfc2865.Class_Type, rfc2865.ProxyState_Type, rfc2866.AcctTerminateCause_Type,
	rfc2869.EventTimestamp_Type, rfc2869.MessageAuthenticator_Type, rfc2865.NASPortType_Type,
}

// find returns the sessions that a Disconnect-Request means, or the Error-Cause
// for which it is refused.
func (n *NAS) find(p *radius.Packet, policy Policy) ([]*session, uint32) {
	if cause := n.check(p, policy); cause != 0 {
		return nil, cause
	}
	matching := n.all()
	for _, avp := range p.Attributes {
		if same, ok := identifiers[avp.Type]; ok {
			matching = slices.DeleteFunc(matching, func(s *session) bool { return !same(s, avp.Attribute) })
		}
	}
	switch {
	case len(matching) == 0:
		return nil, causeNotFound
	case len(matching) > 1 && policy.SingleSession:
		return nil, causeMultiple
	}
	return matching, 0
}

// check refuses a request for what it contains, before any session is looked
// at; 0 is fine.
func (n *NAS) check(p *radius.Packet, policy Policy) uint32 {
	identified := false
	for _, avp := range p.Attributes {
		if cause := n.checkAttribute(avp, policy); cause != 0 {
			return cause
		}
		if _, ok := identifiers[avp.Type]; ok {
			identified = true
		}
	}
	if !identified {
		return causeMissingAttribute
	}
	return 0
}

func (n *NAS) checkAttribute(avp *radius.AVP, policy Policy) uint32 {
	_, identifies := identifiers[avp.Type]
	switch {
	case slices.Contains(policy.Unsupported, uint8(avp.Type)): //nolint:gosec // parsed from one octet
		return causeUnsupportedAttribute
	case avp.Type == rfc2865.NASIdentifier_Type:
		return mismatch(string(avp.Attribute) == n.cfg.Name)
	case avp.Type == rfc2865.NASIPAddress_Type || avp.Type == rfc3162.NASIPv6Address_Type:
		return mismatch(bytes.Equal(avp.Attribute, n.at.bind.AsSlice()))
	case !identifies && !slices.Contains(accompanying, avp.Type):
		return causeUnsupportedAttribute
	case avp.Type == rfc2865.CallingStationID_Type:
		if _, err := canonicalMAC(string(avp.Attribute)); err != nil {
			return causeInvalidValue
		}
	}
	return 0
}

func mismatch(same bool) uint32 {
	if same {
		return 0
	}
	return causeNASMismatch
}
