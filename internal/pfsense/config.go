package pfsense

import (
	"encoding/base64"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

// MaxConfig is how large a config.xml may be, in octets. One with a few thousand rolls
// and certificates is a tenth of it.
const MaxConfig = 32 << 20

// Zone is the vouchers of a captive portal's zone.
type Zone struct {
	Name           string // as in the files' names
	Enabled        bool
	Format         roll.Format
	PublicKey      string // PEM
	PrivateKey     string // PEM; empty where codes are made elsewhere
	InvalidMessage string
	ExpiredMessage string
	Logins         roll.Logins
	Rolls          []Roll
}

// Roll is a roll as it is configured.
type Roll struct {
	Number      uint32
	Minutes     int64
	Count       uint32
	Description string
}

// The elements that matter; all others are passed over.
type document struct {
	XMLName xml.Name `xml:"pfsense"`
	Portal  struct {
		Zones []portalElement `xml:",any"`
	} `xml:"captiveportal"`
	Voucher struct {
		Zones []voucherElement `xml:",any"`
	} `xml:"voucher"`
}

type portalElement struct {
	XMLName xml.Name
	Zone    string  `xml:"zone,omitempty"`
	Logins  *string `xml:"noconcurrentlogins"`
}

type voucherElement struct {
	XMLName      xml.Name
	Enable       *struct{}     `xml:"enable"`
	Charset      string        `xml:"charset"`
	RollBits     int           `xml:"rollbits"`
	TicketBits   int           `xml:"ticketbits"`
	ChecksumBits int           `xml:"checksumbits"`
	Magic        string        `xml:"magic"`
	PublicKey    string        `xml:"publickey"`
	PrivateKey   string        `xml:"privatekey"`
	Invalid      string        `xml:"descrmsgnoaccess"`
	Expired      string        `xml:"descrmsgexpired"`
	Rolls        []rollElement `xml:"roll"`
}

type rollElement struct {
	Zone        string `xml:"zone,omitempty"`
	Number      string `xml:"number"`
	Minutes     string `xml:"minutes"`
	Description string `xml:"descr"`
	Count       string `xml:"count"`
}

// ReadConfig reads the zones that have vouchers. Entities other than XML's own are
// refused, nothing is fetched.
func ReadConfig(r io.Reader) ([]Zone, error) {
	limited := &io.LimitedReader{R: r, N: MaxConfig + 1}
	decoder := xml.NewDecoder(limited)
	var config document
	err := decoder.Decode(&config)
	switch {
	case limited.N <= 0:
		return nil, visit.Invalid("config", "The file is larger than %d MB, which no config.xml is.", MaxConfig>>20)
	case err != nil:
		return nil, visit.Invalid("config", "This is no config.xml of pfSense. Take a backup under Diagnostics, Backup & Restore, without encryption.")
	}
	var zones []Zone
	for _, v := range config.Voucher.Zones {
		zone, err := v.zone(config.Portal.Zones)
		if err != nil {
			return nil, err
		}
		zones = append(zones, zone)
	}
	return zones, nil
}

func (v voucherElement) zone(portals []portalElement) (Zone, error) {
	zone := Zone{
		Name: v.XMLName.Local, Enabled: v.Enable != nil, InvalidMessage: v.Invalid, ExpiredMessage: v.Expired, Logins: roll.MultipleLogins,
		Format: roll.Format{RollBits: v.RollBits, TicketBits: v.TicketBits, ChecksumBits: v.ChecksumBits, Alphabet: v.Charset},
	}
	for _, p := range portals {
		if p.XMLName.Local == zone.Name && p.Logins != nil {
			zone.Logins = logins(*p.Logins)
		}
	}
	var err error
	if zone.Format.Magic, err = magic(v.Magic); err != nil {
		return zone, err
	}
	if zone.PublicKey, err = key("publickey", v.PublicKey); err != nil {
		return zone, err
	}
	if zone.PrivateKey, err = key("privatekey", v.PrivateKey); err != nil {
		return zone, err
	}
	for _, r := range v.Rolls {
		made, err := r.roll()
		if err != nil {
			return zone, err
		}
		zone.Rolls = append(zone.Rolls, made)
	}
	return zone, nil
}

// logins is what the portal's "concurrent user logins" comes to. Up to 2.4 it was a
// switch, which ended the earlier session.
func logins(choice string) roll.Logins {
	switch choice {
	case "multiple":
		return roll.MultipleLogins
	case "first", "disabled":
		return roll.FirstLogin
	}
	return roll.LastLogin
}

// magic reads the number as C does: a minus sign wraps.
func magic(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return uint64(n), nil
	}
	return 0, visit.Invalid("magic", "The magic number is no number.")
}

func key(field, text string) (string, error) {
	text = strings.Join(strings.Fields(text), "")
	pem, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", visit.Invalid(field, "The key is not base64.")
	}
	return string(pem), nil
}

func (r rollElement) roll() (Roll, error) {
	number, err1 := strconv.ParseUint(strings.TrimSpace(r.Number), 10, 32)
	minutes, err2 := strconv.ParseInt(strings.TrimSpace(r.Minutes), 10, 32)
	count, err3 := strconv.ParseUint(strings.TrimSpace(r.Count), 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return Roll{}, visit.Invalid("roll", "A roll's number, minutes or count is no number.")
	}
	return Roll{Number: uint32(number), Minutes: minutes, Count: uint32(count), Description: r.Description}, nil
}

// WriteConfig writes the zone as a config.xml of nothing but it, from which pfSense
// can restore the area, or whose section voucher can be put into another one.
func WriteConfig(w io.Writer, z Zone) error {
	choice := map[roll.Logins]string{roll.MultipleLogins: "multiple", roll.FirstLogin: "first", roll.LastLogin: "last"}[z.Logins]
	v := voucherElement{
		XMLName: xml.Name{Local: z.Name}, Charset: z.Format.Alphabet, RollBits: z.Format.RollBits, TicketBits: z.Format.TicketBits,
		ChecksumBits: z.Format.ChecksumBits, Magic: strconv.FormatUint(z.Format.Magic, 10),
		PublicKey: base64.StdEncoding.EncodeToString([]byte(z.PublicKey)), PrivateKey: base64.StdEncoding.EncodeToString([]byte(z.PrivateKey)),
		Invalid: z.InvalidMessage, Expired: z.ExpiredMessage,
	}
	if z.Enabled {
		v.Enable = &struct{}{}
	}
	for _, r := range z.Rolls {
		v.Rolls = append(v.Rolls, rollElement{
			Zone: z.Name, Number: strconv.FormatUint(uint64(r.Number), 10), Minutes: strconv.FormatInt(r.Minutes, 10),
			Description: r.Description, Count: strconv.FormatUint(uint64(r.Count), 10),
		})
	}
	var config document
	config.Portal.Zones = []portalElement{{XMLName: xml.Name{Local: z.Name}, Zone: z.Name, Logins: &choice}}
	config.Voucher.Zones = []voucherElement{v}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "\t")
	if err := encoder.Encode(config); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// UsedFile and ActiveFile are the names of the files that hold a roll's state.
func UsedFile(zone string, number uint32) string { return file(zone, "used", number) }

// ActiveFile is UsedFile for the codes in use.
func ActiveFile(zone string, number uint32) string { return file(zone, "active", number) }

func file(zone, kind string, number uint32) string {
	return "voucher_" + zone + "_" + kind + "_" + strconv.FormatUint(uint64(number), 10) + ".db"
}

// ZoneName makes a zone's name fit for pfSense, where it is an XML element and part of
// files' names: small letters, digits and underscores, not beginning with a digit.
func ZoneName(name string) string {
	fit := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(name))
	if fit == "" || fit[0] >= '0' && fit[0] <= '9' {
		fit = "_" + fit
	}
	return fit
}
