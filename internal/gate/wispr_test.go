package gate_test

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/gate"
)

// heard is what a WISPr program makes of a page.
type heard struct {
	XMLName                 xml.Name `xml:"WISPAccessGatewayParam"`
	Redirect                *reply   `xml:"Redirect"`
	AuthenticationReply     *reply   `xml:"AuthenticationReply"`
	AuthenticationPollReply *reply   `xml:"AuthenticationPollReply"`
	LogoffReply             *reply   `xml:"LogoffReply"`
}

type reply struct {
	MessageType, ResponseCode                                              int
	AccessProcedure, AccessLocation, LocationName, LoginURL, AbortLoginURL string
	ReplyMessage, LoginResultsURL, LogoffURL                               string
}

func hear(t *testing.T, page string) heard {
	t.Helper()
	body, found := strings.CutPrefix(page, "<!--\n")
	require.True(t, found)
	body, rest, found := strings.Cut(body, "-->")
	require.True(t, found)
	require.Equal(t, "\n", rest, "nothing ends the comment before its end")
	var out heard
	require.NoError(t, xml.Unmarshal([]byte(body), &out))
	return out
}

func TestWISPrMessages(t *testing.T) {
	t.Parallel()
	login, _ := url.Parse("https://portal.example/p/lobby/wispr?a=1&b=--%3E")
	off, _ := url.Parse("https://portal.example/off")

	got := hear(t, gate.WISPrRedirect(login, nil, "isocc=de,cc=49", `--> <script>"Bar & Grill"`))
	require.Equal(t, &reply{MessageType: 100, AccessProcedure: "1.0", AccessLocation: "isocc=de,cc=49", LocationName: `--> <script>"Bar & Grill"`, LoginURL: login.String()}, got.Redirect)

	got = hear(t, gate.WISPrLogin(gate.WISPrOpen, "", login, off))
	require.Equal(t, &reply{MessageType: 120, ResponseCode: 50, LogoffURL: off.String()}, got.AuthenticationReply)
	got = hear(t, gate.WISPrLogin(gate.WISPrPending, "", login, off))
	require.Equal(t, &reply{MessageType: 120, ResponseCode: 201, LoginResultsURL: login.String()}, got.AuthenticationReply)
	got = hear(t, gate.WISPrLogin(gate.WISPrRejected, "No --> entry", nil, off))
	require.Equal(t, &reply{MessageType: 120, ResponseCode: 100, ReplyMessage: "No --> entry"}, got.AuthenticationReply)
	got = hear(t, gate.WISPrLoginPoll(gate.WISPrRADIUS, "", nil, nil))
	require.Equal(t, &reply{MessageType: 140, ResponseCode: 102}, got.AuthenticationPollReply)
	got = hear(t, gate.WISPrLogoff(gate.WISPrLoggedOff))
	require.Equal(t, &reply{MessageType: 130, ResponseCode: 150}, got.LogoffReply)
}
