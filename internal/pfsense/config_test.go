package pfsense_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/pfsense"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/visit"
)

var lobby = pfsense.Zone{
	Name: "lobby", Enabled: true, PublicKey: "-----BEGIN PUBLIC KEY-----\nx\n", PrivateKey: "-----BEGIN RSA PRIVATE KEY-----\ny\n",
	Format:         roll.Format{RollBits: 16, TicketBits: 10, ChecksumBits: 5, Magic: 1<<64 - 1, Alphabet: `ab<&>'`},
	InvalidMessage: "no <such> code", ExpiredMessage: "over", Logins: roll.LastLogin,
	Rolls: []pfsense.Roll{{Number: 0, Minutes: 60, Count: 1023, Description: "day & night"}, {Number: 65535, Minutes: 1, Count: 1}},
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, logins := range []roll.Logins{roll.LastLogin, roll.FirstLogin, roll.MultipleLogins} {
		want := lobby
		want.Logins = logins
		var text strings.Builder
		require.NoError(t, pfsense.WriteConfig(&text, want))
		zones, err := pfsense.ReadConfig(strings.NewReader(text.String()))
		require.NoError(t, err)
		require.Equal(t, []pfsense.Zone{want}, zones)
	}
}

// As pfSense writes it: other sections, CDATA, a negative magic number, broken base64 lines.
func TestAConfigurationAsItIs(t *testing.T) {
	t.Parallel()
	zones, err := pfsense.ReadConfig(strings.NewReader(`<?xml version="1.0"?>
<pfsense><version>23.3</version><system><hostname>fw</hostname></system>
 <captiveportal><guest><zone>Guest</zone><noconcurrentlogins></noconcurrentlogins></guest><cafe><zone>Cafe</zone></cafe></captiveportal>
 <voucher>
  <guest><charset>abc</charset><rollbits>16</rollbits><ticketbits>10</ticketbits><checksumbits>5</checksumbits><magic>-1</magic><exponent>65537</exponent>
   <publickey>LS0t
   LS0=</publickey><privatekey></privatekey><enable></enable>
   <descrmsgnoaccess><![CDATA[nö]]></descrmsgnoaccess><descrmsgexpired>out</descrmsgexpired>
   <roll><zone>guest</zone><number>3</number><minutes>90</minutes><descr><![CDATA[a & b]]></descr><count>20</count><used>AAAA</used><active></active><lastsync>1</lastsync></roll>
  </guest>
  <cafe><charset>abc</charset><magic>7</magic></cafe>
 </voucher></pfsense>`))
	require.NoError(t, err)
	require.Len(t, zones, 2)
	guest := zones[0]
	require.True(t, guest.Enabled)
	require.False(t, zones[1].Enabled)
	require.Equal(t, uint64(1<<64-1), guest.Format.Magic)
	require.Equal(t, "-----", guest.PublicKey)
	require.Empty(t, guest.PrivateKey)
	require.Equal(t, "nö", guest.InvalidMessage)
	require.Equal(t, roll.LastLogin, guest.Logins, "the switch of old versions")
	require.Equal(t, roll.MultipleLogins, zones[1].Logins)
	require.Equal(t, []pfsense.Roll{{Number: 3, Minutes: 90, Count: 20, Description: "a & b"}}, guest.Rolls)
}

func TestWhatIsNoConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":        "",
		"other XML":      "<opnsense></opnsense>",
		"cut off":        "<pfsense><voucher>",
		"entities":       `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><pfsense><voucher><a><magic>&e;</magic></a></voucher></pfsense>`,
		"too large":      "<pfsense>" + strings.Repeat(" ", pfsense.MaxConfig) + "</pfsense>",
		"magic":          "<pfsense><voucher><a><magic>x</magic></a></voucher></pfsense>",
		"key":            "<pfsense><voucher><a><magic>1</magic><publickey>?</publickey></a></voucher></pfsense>",
		"roll":           "<pfsense><voucher><a><magic>1</magic><roll><number>x</number></roll></a></voucher></pfsense>",
		"number too big": "<pfsense><voucher><a><magic>1</magic><roll><number>4294967296</number><minutes>1</minutes><count>1</count></roll></a></voucher></pfsense>",
	} {
		_, err := pfsense.ReadConfig(strings.NewReader(text))
		require.Equal(t, visit.KindInvalid, visit.KindOf(err), name)
		require.NotContains(t, err.Error(), "passwd")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, "voucher_lobby_used_7.db", pfsense.UsedFile("lobby", 7))
	require.Equal(t, "voucher_lobby_active_0.db", pfsense.ActiveFile("lobby", 0))
	for name, want := range map[string]string{"Lobby 1": "lobby_1", "1st floor": "_1st_floor", "": "_", "../x": "___x", "Café": "caf_"} {
		require.Equal(t, want, pfsense.ZoneName(name))
	}
}
