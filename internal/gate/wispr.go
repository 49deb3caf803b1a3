package gate

import (
	"encoding/xml"
	"net/url"
	"strings"
)

// WISPr 1.0 is how a program logs a device in without showing a page: it looks for XML in
// a comment of the page that it was redirected to, posts UserName and Password to the
// LoginURL in there, and reads the outcome from a comment again. Source: Wi-Fi Alliance,
// Best Current Practices for Wireless ISP Roaming 1.0, appendix D.

// Codes of a WISPr answer.
const (
	WISPrNone      = 0   // a redirect to log in at
	WISPrOpen      = 50  // login succeeded
	WISPrRejected  = 100 // login failed: Access-Reject
	WISPrRADIUS    = 102 // RADIUS did not answer, or wrongly
	WISPrAdmin     = 105 // the network's administration says no
	WISPrLoggedOff = 150
	WISPrAborted   = 151
	WISPrProxy     = 200 // the gateway must be asked again
	WISPrPending   = 201 // poll the LoginResultsURL
	WISPrFailed    = 255 // the access gateway failed
)

// Names of the fields that a program posts to the LoginURL.
const (
	WISPrUserName = "UserName"
	WISPrPassword = "Password"
)

// Types of message.
const (
	wisprRedirect  = 100
	wisprLogin     = 120
	wisprLogoff    = 130
	wisprLoginPoll = 140
)

type wisprMessage struct {
	XMLName        xml.Name       `xml:"WISPAccessGatewayParam"`
	XSI            string         `xml:"xmlns:xsi,attr"`
	Schema         string         `xml:"xsi:noNamespaceSchemaLocation,attr"`
	Redirect       *wisprContents `xml:"Redirect"`
	Authentication *wisprContents `xml:"AuthenticationReply"`
	Poll           *wisprContents `xml:"AuthenticationPollReply"`
	Logoff         *wisprContents `xml:"LogoffReply"`
}

type wisprContents struct {
	AccessProcedure string `xml:"AccessProcedure,omitempty"`
	AccessLocation  string `xml:"AccessLocation,omitempty"`
	LocationName    string `xml:"LocationName,omitempty"`
	LoginURL        string `xml:"LoginURL,omitempty"`
	AbortLoginURL   string `xml:"AbortLoginURL,omitempty"`
	MessageType     int    `xml:"MessageType"`
	ResponseCode    int    `xml:"ResponseCode"`
	ReplyMessage    string `xml:"ReplyMessage,omitempty"`
	LoginResultsURL string `xml:"LoginResultsURL,omitempty"`
	LogoffURL       string `xml:"LogoffURL,omitempty"`
}

// WISPrRedirect tells a program where to log in. Login must be https; abort may be nil.
// Location is an identifier, such as isocc=de,cc=49,ac=30,network=Guests, and name is for
// people; either may be empty.
func WISPrRedirect(login, abort *url.URL, location, name string) string {
	return comment(wisprMessage{Redirect: &wisprContents{
		AccessProcedure: "1.0",
		AccessLocation:  location,
		LocationName:    name,
		LoginURL:        written(login),
		AbortLoginURL:   written(abort),
		MessageType:     wisprRedirect,
		ResponseCode:    WISPrNone,
	}})
}

// WISPrLogin answers a login. Results is where to ask again for a pending one, logoff
// where to end one that succeeded; either may be nil. Message is for people.
func WISPrLogin(code int, message string, results, logoff *url.URL) string {
	return comment(wisprMessage{Authentication: answered(wisprLogin, code, message, results, logoff)})
}

// WISPrLoginPoll answers a question for the results of a pending login.
func WISPrLoginPoll(code int, message string, results, logoff *url.URL) string {
	return comment(wisprMessage{Poll: answered(wisprLoginPoll, code, message, results, logoff)})
}

func answered(kind, code int, message string, results, logoff *url.URL) *wisprContents {
	out := &wisprContents{MessageType: kind, ResponseCode: code, ReplyMessage: message}
	switch code {
	case WISPrPending:
		out.LoginResultsURL = written(results)
	case WISPrOpen:
		out.LogoffURL = written(logoff)
	}
	return out
}

// WISPrLogoff answers a logoff: WISPrLoggedOff, or WISPrFailed.
func WISPrLogoff(code int) string {
	return comment(wisprMessage{Logoff: &wisprContents{MessageType: wisprLogoff, ResponseCode: code}})
}

func written(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}

// comment writes a message as it stands in a page. No text in it can end the comment:
// XML escapes every >.
func comment(message wisprMessage) string {
	message.XSI = "http://www.w3.org/2001/XMLSchema-instance"
	message.Schema = "http://www.acmewisp.com/WISPAccessGatewayParam.xsd"
	octets, err := xml.Marshal(message)
	if err != nil {
		panic("gate: " + err.Error()) // strings and numbers always can
	}
	var out strings.Builder
	out.WriteString("<!--\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	out.Write(octets)
	out.WriteString("\n-->\n")
	return out.String()
}
