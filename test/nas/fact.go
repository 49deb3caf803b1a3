package nas

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/rfc3162"
	"layeh.com/radius/rfc3576"
	"layeh.com/radius/rfc4372"
)

// attribute is how the log names and shows one attribute type.
type attribute struct {
	name string
	show func([]byte) string
}

// attributes are the types the NAS meets. Everything that proves a password is
// shown as hidden, and so are vendors' attributes: the MS-CHAP ones are there.
var attributes = map[radius.Type]attribute{
	rfc2865.UserName_Type:               {"User-Name", showText},
	rfc2865.UserPassword_Type:           {"User-Password", showHidden},
	rfc2865.CHAPPassword_Type:           {"CHAP-Password", showHidden},
	rfc2865.NASIPAddress_Type:           {"NAS-IP-Address", showAddr},
	rfc2865.NASPort_Type:                {"NAS-Port", showNumber},
	rfc2865.ServiceType_Type:            {"Service-Type", showNumber},
	rfc2865.FramedIPAddress_Type:        {"Framed-IP-Address", showAddr},
	rfc2865.ReplyMessage_Type:           {"Reply-Message", showText},
	rfc2865.State_Type:                  {"State", showHex},
	rfc2865.Class_Type:                  {"Class", showHex},
	rfc2865.VendorSpecific_Type:         {"Vendor-Specific", showHidden},
	rfc2865.SessionTimeout_Type:         {"Session-Timeout", showNumber},
	rfc2865.IdleTimeout_Type:            {"Idle-Timeout", showNumber},
	rfc2865.TerminationAction_Type:      {"Termination-Action", showNumber},
	rfc2865.CalledStationID_Type:        {"Called-Station-Id", showText},
	rfc2865.CallingStationID_Type:       {"Calling-Station-Id", showText},
	rfc2865.NASIdentifier_Type:          {"NAS-Identifier", showText},
	rfc2865.ProxyState_Type:             {"Proxy-State", showHex},
	rfc2866.AcctStatusType_Type:         {"Acct-Status-Type", showStatus},
	rfc2866.AcctDelayTime_Type:          {"Acct-Delay-Time", showNumber},
	rfc2866.AcctInputOctets_Type:        {"Acct-Input-Octets", showNumber},
	rfc2866.AcctOutputOctets_Type:       {"Acct-Output-Octets", showNumber},
	rfc2866.AcctSessionID_Type:          {"Acct-Session-Id", showText},
	rfc2866.AcctSessionTime_Type:        {"Acct-Session-Time", showNumber},
	rfc2866.AcctInputPackets_Type:       {"Acct-Input-Packets", showNumber},
	rfc2866.AcctOutputPackets_Type:      {"Acct-Output-Packets", showNumber},
	rfc2866.AcctTerminateCause_Type:     {"Acct-Terminate-Cause", showCause},
	rfc2866.AcctMultiSessionID_Type:     {"Acct-Multi-Session-Id", showText},
	rfc2869.AcctInputGigawords_Type:     {"Acct-Input-Gigawords", showNumber},
	rfc2869.AcctOutputGigawords_Type:    {"Acct-Output-Gigawords", showNumber},
	rfc2869.EventTimestamp_Type:         {"Event-Timestamp", showTime},
	rfc2865.CHAPChallenge_Type:          {"CHAP-Challenge", showHidden},
	rfc2865.NASPortType_Type:            {"NAS-Port-Type", showNumber},
	rfc2869.MessageAuthenticator_Type:   {"Message-Authenticator", showPresent},
	rfc2869.AcctInterimInterval_Type:    {"Acct-Interim-Interval", showNumber},
	rfc2869.NASPortID_Type:              {"NAS-Port-Id", showText},
	rfc4372.ChargeableUserIdentity_Type: {"Chargeable-User-Identity", showHex},
	rfc3162.NASIPv6Address_Type:         {"NAS-IPv6-Address", showAddr},
	rfc3576.ErrorCause_Type:             {"Error-Cause", showNumber},
}

// decodeFacts lists the attributes of a trimmed packet; values of one that
// comes several times are joined by commas.
func decodeFacts(b []byte) map[string]string {
	list, err := radius.ParseAttributes(b[headerLen:])
	if err != nil {
		return nil
	}
	facts := make(map[string]string, len(list))
	for _, avp := range list {
		name, value := describe(avp)
		if before, ok := facts[name]; ok {
			value = before + "," + value
		}
		facts[name] = value
	}
	return facts
}

func describe(avp *radius.AVP) (name, value string) {
	if a, ok := attributes[avp.Type]; ok {
		return a.name, a.show(avp.Attribute)
	}
	return "Attr-" + strconv.Itoa(int(avp.Type)), showHex(avp.Attribute)
}

func codeName(c radius.Code) string { return c.String() }

func showText(b []byte) string { return string(b) }
func showHex(b []byte) string  { return hex.EncodeToString(b) }
func showHidden([]byte) string { return "hidden" }

func showPresent([]byte) string { return "present" }

func showNumber(b []byte) string {
	if len(b) != 4 {
		return showHex(b)
	}
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10)
}

func showAddr(b []byte) string {
	addr, ok := netip.AddrFromSlice(b)
	if !ok {
		return showHex(b)
	}
	return addr.String()
}

func showTime(b []byte) string {
	if len(b) != 4 {
		return showHex(b)
	}
	return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC().Format(time.RFC3339)
}

func showStatus(b []byte) string {
	if len(b) != 4 {
		return showHex(b)
	}
	return rfc2866.AcctStatusType(binary.BigEndian.Uint32(b)).String()
}

func showCause(b []byte) string {
	if len(b) != 4 {
		return showHex(b)
	}
	return causeName(rfc2866.AcctTerminateCause(binary.BigEndian.Uint32(b)))
}
