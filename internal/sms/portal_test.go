package sms_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/catalogue"
	"github.com/foyerhq/foyer/internal/sms"
	"github.com/foyerhq/foyer/internal/store"
)

// A portal's code is sent in the guest's language and counts as every code does.
func TestAPortalsCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.sender(t, func(c *sms.Config) { c.PerNumber = 7 })
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	c := sms.PortalCode{
		Site: b.site.ID, SiteName: b.site.Name, Zone: zone, Registration: "01890a5d-ac96-774b-bcce-b302099a8057", Phone: "+4930901820",
		Code: "123456", Until: time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC), Prefixes: []string{"+49"},
	}
	for _, language := range catalogue.VisitorLanguages() {
		c.Language = language
		require.NoError(t, s.SendPortalCode(t.Context(), c))
		sent := b.got()
		var message struct{ To, Message string }
		require.NoError(t, json.Unmarshal([]byte(sent[len(sent)-1]), &message))
		require.Equal(t, "+4930901820", message.To)
		require.Equal(t, catalogue.ForVisitor(language, "").Text("sms.portal_code", "code", "123456", "site", b.site.Name, "time", "10:10"), message.Message)
		require.LessOrEqual(t, len([]rune(message.Message)), 160, "one message")
	}
	require.ErrorIs(t, s.CheckCode(t.Context(), b.site.ID, phone, "123456"), store.ErrSMSCode, "it is the registration's to compare")

	require.NoError(t, s.SendPortalCode(t.Context(), c))
	require.ErrorIs(t, s.SendPortalCode(t.Context(), c), store.ErrSMSNumberLimit)
	c.Phone = "+4315811234"
	require.ErrorIs(t, s.SendPortalCode(t.Context(), c), sms.ErrCountry, "the template takes German numbers")
	require.ErrorIs(t, s.Check("+1 900 555 0100", nil), sms.ErrCountry)
	require.NoError(t, s.Check("+43 1 581 1234", nil))
	require.NotContains(t, fmt.Sprintf("%v %+v %s", c, c, c), "581")
}
