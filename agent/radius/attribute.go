package radius

// attribute is an attribute's type.
type attribute byte

// The attributes that are read or written here: RFC 2865 5, 2866 5, 2869 5.
const (
	attrUserName             attribute = 1
	attrUserPassword         attribute = 2
	attrCHAPPassword         attribute = 3
	attrNASIPAddress         attribute = 4
	attrServiceType          attribute = 6
	attrFramedIPAddress      attribute = 8
	attrReplyMessage         attribute = 18
	attrClass                attribute = 25
	attrVendorSpecific       attribute = 26
	attrSessionTimeout       attribute = 27
	attrTerminationAction    attribute = 29
	attrCalledStationID      attribute = 30
	attrCallingStationID     attribute = 31
	attrNASIdentifier        attribute = 32
	attrProxyState           attribute = 33
	attrAcctStatusType       attribute = 40
	attrAcctDelayTime        attribute = 41
	attrAcctInputOctets      attribute = 42
	attrAcctOutputOctets     attribute = 43
	attrAcctSessionID        attribute = 44
	attrAcctSessionTime      attribute = 46
	attrAcctTerminateCause   attribute = 49
	attrAcctInputGigawords   attribute = 52
	attrAcctOutputGigawords  attribute = 53
	attrEventTimestamp       attribute = 55
	attrCHAPChallenge        attribute = 60
	attrEAPMessage           attribute = 79
	attrMessageAuthenticator attribute = 80
	attrAcctInterimInterval  attribute = 85
)

// Microsoft's attributes (RFC 2548), inside Vendor-Specific.
const (
	vendorMicrosoft = 311

	msCHAPResponse         = 1
	msCHAPError            = 2
	msMPPEEncryptionPolicy = 7
	msMPPEEncryptionTypes  = 8
	msCHAPChallenge        = 11
	msMPPESendKey          = 16
	msMPPERecvKey          = 17
	msCHAP2Response        = 25
	msCHAP2Success         = 26
)

// fields are a request's attributes as far as both ports use them, found in one
// walk. A value is nil where the attribute is absent; of several of one kind the
// first counts. Attributes that are not known are skipped (RFC 2865 5).
type fields struct {
	userName       []byte
	userPassword   []byte
	chapPassword   []byte
	chapChallenge  []byte
	msChallenge    []byte
	msResponse     []byte
	ms2Response    []byte
	eapMessage     []byte
	nasIP          []byte
	nasIdentifier  []byte
	framedIP       []byte
	callingStation []byte
	calledStation  []byte
	acctSessionID  []byte
	serviceType    []byte

	credentials          int // how many ways of proving the user were sent
	messageAuthenticator int // offset of the attribute, 0 for none
	repeatedMA           bool
	proxyState           bool
}

func (p packet) fields() (f fields) {
	for at := headerLen; at < len(p); at = p.next(at) {
		value := p.value(at)
		switch p.kind(at) {
		case attrUserName:
			first(&f.userName, value)
		case attrUserPassword:
			f.credential(&f.userPassword, value)
		case attrCHAPPassword:
			f.credential(&f.chapPassword, value)
		case attrCHAPChallenge:
			first(&f.chapChallenge, value)
		case attrEAPMessage: // one message may fill several attributes (RFC 3579 3.1)
			if f.eapMessage == nil {
				f.credential(&f.eapMessage, value)
			}
		case attrVendorSpecific:
			f.vendor(value)
		case attrNASIPAddress:
			first(&f.nasIP, value)
		case attrNASIdentifier:
			first(&f.nasIdentifier, value)
		case attrFramedIPAddress:
			first(&f.framedIP, value)
		case attrServiceType:
			first(&f.serviceType, value)
		case attrCallingStationID:
			first(&f.callingStation, value)
		case attrCalledStationID:
			first(&f.calledStation, value)
		case attrAcctSessionID:
			first(&f.acctSessionID, value)
		case attrProxyState:
			f.proxyState = true
		case attrMessageAuthenticator:
			f.repeatedMA = f.messageAuthenticator != 0
			f.messageAuthenticator = at
		}
	}
	return f
}

// vendor reads Microsoft's sub-attributes (RFC 2865 5.26, RFC 2548 2). A vendor's
// octets need not have this shape: what does not fit is opaque, not an error.
func (f *fields) vendor(value []byte) {
	if len(value) < 4 || uint32(value[0])<<24|uint32(value[1])<<16|uint32(value[2])<<8|uint32(value[3]) != vendorMicrosoft {
		return
	}
	for rest := value[4:]; len(rest) >= 2; {
		length := int(rest[1])
		if length < 2 || length > len(rest) {
			return
		}
		switch rest[0] {
		case msCHAPChallenge:
			first(&f.msChallenge, rest[2:length])
		case msCHAPResponse:
			f.credential(&f.msResponse, rest[2:length])
		case msCHAP2Response:
			f.credential(&f.ms2Response, rest[2:length])
		}
		rest = rest[length:]
	}
}

func (f *fields) credential(field *[]byte, value []byte) {
	f.credentials++
	first(field, value)
}

func first(field *[]byte, value []byte) {
	if *field == nil {
		*field = value
	}
}
