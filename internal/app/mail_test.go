package app

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/mail/mailtest"
	"github.com/foyerhq/foyer/internal/store/storetest"
)

func TestMailTestSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	database := Database{URL: storetest.URL(t), Key: "c3RvcmV0ZXN0IGRlcGxveW1lbnQga2V5LCAzMiBieXQ="}
	server := mailtest.Start(t, mailtest.Manners{NoTLS: true})
	try := func(change func(*MailTest)) (string, error) {
		var out bytes.Buffer
		c := &MailTest{
			Database: database, Public: Public{PublicURL: "http://127.0.0.1:8080"}, To: "ada@example.org", Kind: "test",
			Mail: Mail{SMTPURL: "smtp://foyer:" + mailtest.Password + "@127.0.0.1:" + server.Port, Sender: Sender{"foyer@foyer.example"}},
		}
		change(c)
		err := c.Run(t.Context(), &Program{Logger: newLogger(Log{}, &out), Out: &out})
		return out.String(), err
	}
	out, err := try(func(*MailTest) {})
	require.NoError(t, err)
	require.Contains(t, out, "has taken the mail")
	_, err = try(func(c *MailTest) { c.Kind = "invitation" })
	require.NoError(t, err)
	require.Len(t, server.Taken(), 2)

	for want, change := range map[string]func(*MailTest){
		"mail is off":                  func(c *MailTest) { c.SMTPURL = "" },
		"neither smtp:// nor smtps://": func(c *MailTest) { c.SMTPURL = "http://x" },
		"--mail-from is not":           func(c *MailTest) { c.MailFrom = "" },
		"--to is not":                  func(c *MailTest) { c.To = "nobody" },
		"no kind of mail":              func(c *MailTest) { c.Kind = "x" },
		"refused user name":            func(c *MailTest) { c.SMTPURL = "smtp://foyer:canary@127.0.0.1:" + server.Port },
		"Nothing answers there":        func(c *MailTest) { c.SMTPURL = "smtp://127.0.0.1:1" },
		"site_not_found":               func(c *MailTest) { c.Site = "01890a5d-ac96-774b-bcce-b302099a8057" },
	} {
		out, err := try(change)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error()+out, "canary")
	}
}
