package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foyerhq/foyer/internal/auth"
	"github.com/foyerhq/foyer/internal/roll"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

// printAtOnce is how many codes one answer holds.
const printAtOnce = 10_000

// CodesRange is embedded by requests for codes.
type CodesRange struct {
	RollPath
	First uint32 `query:"first" doc:"Ticket; the roll's first when absent."`
	Last  uint32 `query:"last" doc:"Ticket; the roll's last when absent."`
}

// PrintedCode is a code: whoever has it has what it gives.
type PrintedCode struct {
	Ticket uint32 `json:"ticket"`
	Code   string `json:"code"`
}

type codesAnswer struct {
	Body struct {
		Zone    Zone          `json:"zone"`
		Roll    Roll          `json:"roll"`
		Codes   []PrintedCode `json:"codes"`
		Printed time.Time     `json:"printed_at"`
	}
}

// printCodes answers codes for a sheet.
func (s *Server) printCodes(ctx context.Context, in *CodesRange) (*codesAnswer, error) {
	if in.First > 0 && in.Last >= in.First && in.Last-in.First >= printAtOnce {
		return nil, visit.Invalid("last", "At most %d codes at a time.", printAtOnce)
	}
	sheet, err := s.Store.PrintCodes(ctx, s.caller(ctx), in.Site, in.Zone, in.Roll, in.First, in.Last, "sheet")
	if err != nil {
		return nil, err
	}
	a := &codesAnswer{}
	a.Body.Zone, a.Body.Roll, a.Body.Printed = zoneOf(sheet.Zone), rollOf(sheet.Roll), s.Now().UTC()
	a.Body.Codes = each(sheet.Codes, func(c store.Code) PrintedCode { return PrintedCode{c.Ticket, c.Code} })
	return a, nil
}

// codesStyle is a form of a roll's file.
type codesStyle string

const (
	modernStyle   codesStyle = "modern"
	pfsenseStyle  codesStyle = "pfsense"          // without the blank before each code, as since 2022
	originalStyle codesStyle = "pfsense-original" // as the original program prints it
)

type codesFileInput struct {
	CodesRange
	Style codesStyle `query:"style" enum:"modern,pfsense,pfsense-original" default:"modern" doc:"modern: ticket, code, roll, seconds. pfsense: the file that pfSense offers, byte for byte; pfsense-original: with a blank before each code, as before 2022."`
}

func (s *Server) printCodesFile(ctx context.Context, in *codesFileInput) (*csvAnswer, error) {
	sheet, err := s.Store.PrintCodes(ctx, s.caller(ctx), in.Site, in.Zone, in.Roll, in.First, in.Last, string(in.Style))
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	if in.Style == modernStyle {
		err = writeModern(&file, sheet)
	} else {
		err = writeOriginal(&file, sheet, in.Style)
	}
	if err != nil {
		return nil, err
	}
	name := roll.FileName(fileSafe.ReplaceAllString(sheet.Zone.Name, "_"), sheet.Roll.Number)
	return &csvAnswer{"text/csv; charset=utf-8", `attachment; filename="` + name + `"`, file.Bytes()}, nil
}

var fileSafe = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// writeModern is for points of sale and spreadsheets. Codes are as printed: what reads
// them must not guess at their type.
func writeModern(file *bytes.Buffer, sheet store.Sheet) error {
	w := csv.NewWriter(file)
	rows := [][]string{{"ticket", "code", "roll", "seconds"}}
	number, seconds := strconv.FormatUint(uint64(sheet.Roll.Number), 10), strconv.FormatInt(int64(sheet.Roll.For/time.Second), 10)
	for _, c := range sheet.Codes {
		rows = append(rows, []string{strconv.FormatUint(uint64(c.Ticket), 10), c.Code, number, seconds})
	}
	return w.WriteAll(rows)
}

// writeOriginal writes the original's file. Of a roll some of whose codes clash, these
// lines are left out: they are not to be sold.
func writeOriginal(file *bytes.Buffer, sheet store.Sheet, style codesStyle) error {
	if sheet.Printer == nil {
		return visit.Invalid("style", "Long codes have no such file. Choose modern.")
	}
	quote := roll.CSV
	if style == originalStyle {
		quote = roll.Text
	}
	var whole bytes.Buffer
	if err := sheet.Printer.Print(&whole, quote, sheet.Roll.Number, sheet.First, sheet.Last); err != nil {
		return err
	}
	ticket := sheet.First
	for line := range strings.Lines(whole.String()) {
		if !strings.HasPrefix(line, "#") {
			if ticket++; slices.Contains(sheet.Roll.Clashes, ticket-1) {
				continue
			}
		}
		file.WriteString(line)
	}
	return nil
}

// RollRefusal says why a code is not accepted, for staff.
type RollRefusal struct {
	Reason  string `json:"reason" doc:"Stable: roll_code_used_up, roll_code_retired, …"`
	Message string `json:"message"`
}

func rollRefusalOf(e *visit.Error) *RollRefusal {
	if e == nil {
		return nil
	}
	return &RollRefusal{e.Code, e.Message}
}

// TestedCode explains one code.
type TestedCode struct {
	Code    string       `json:"code" doc:"As entered."`
	Printed string       `json:"printed,omitempty" doc:"As printed, where it is a code."`
	State   roll.State   `json:"state" enum:"ready,active,expired,invalid,repeated"`
	RollID  roll.ID      `json:"roll_id,omitempty"`
	Number  *uint32      `json:"number,omitempty" doc:"The roll's."`
	Ticket  uint32       `json:"ticket,omitempty"`
	Seconds int64        `json:"seconds,omitempty" doc:"What it would give, or has left."`
	EndsAt  *time.Time   `json:"ends_at,omitempty" doc:"Of one that is in use."`
	Why     *RollRefusal `json:"why,omitempty"`
}

type testCodesInput struct {
	ZonePath
	Body struct {
		Codes string `json:"codes" maxLength:"20000" doc:"Up to 100, separated by blanks or line ends, as if they were entered together."`
	}
}

type testCodesAnswer struct {
	Body struct {
		Granted bool         `json:"granted" doc:"Whether they would let somebody in now. Nothing was used."`
		Refused roll.State   `json:"refused,omitempty" enum:"expired,invalid" doc:"Which of the zone's two texts a guest would read."`
		Seconds int64        `json:"seconds" doc:"Access in total, from now."`
		EndsAt  *time.Time   `json:"ends_at,omitempty"`
		Items   []TestedCode `json:"items"`
	}
}

func (s *Server) testCodes(ctx context.Context, in *testCodesInput) (*testCodesAnswer, error) {
	d, err := s.Store.TestCodes(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone, in.Body.Codes)
	if err != nil {
		return nil, err
	}
	now, a := s.Now(), &testCodesAnswer{}
	a.Body.Items = each(d.Findings, func(f roll.Finding) TestedCode { return testedOf(f, now) })
	if a.Body.Refused = d.Refused; d.Refused == "" {
		a.Body.Granted, a.Body.EndsAt, a.Body.Seconds = true, &d.EndsAt, secondsLeft(d.EndsAt, now)
	}
	return a, nil
}

func secondsLeft(ends, now time.Time) int64 { return max(0, int64(ends.Sub(now)/time.Second)) }

func testedOf(f roll.Finding, now time.Time) TestedCode {
	t := TestedCode{Code: f.Code, State: f.State, Why: rollRefusalOf(f.Why), EndsAt: given(f.EndsAt)}
	if f.Err == nil {
		t.Printed, t.RollID, t.Number, t.Ticket = f.Spelling, f.Of.ID, &f.Of.Number, f.Reading.Ticket
	}
	switch f.State {
	case roll.Ready:
		t.Seconds = int64(f.Of.For / time.Second)
	case roll.Active:
		t.Seconds = secondsLeft(f.EndsAt, now)
	case roll.Expired, roll.Invalid, roll.Repeated:
	}
	return t
}

// expireAtMost is how many codes one request expires.
const expireAtMost = 10_000

type expireCodesInput struct {
	ZonePath
	Body struct {
		Codes string `json:"codes" maxLength:"1000000" doc:"Up to 10,000, one a line."`
	}
}

// PassedOver is a line that is no code.
type PassedOver struct {
	Line int    `json:"line" doc:"From 1, among those that are not empty."`
	Code string `json:"code"`
	RollRefusal
}

type expireCodesAnswer struct {
	Body struct {
		Expired    int          `json:"expired" doc:"Codes that were not over before."`
		Active     int          `json:"active" doc:"Of these, codes that were in use: who was online with them is being cut off."`
		PassedOver []PassedOver `json:"passed_over"`
	}
}

func (s *Server) expireCodes(ctx context.Context, in *expireCodesInput) (*expireCodesAnswer, error) {
	var codes []string
	for line := range strings.Lines(in.Body.Codes) {
		if code := strings.TrimSpace(line); code != "" {
			codes = append(codes, code)
		}
	}
	if len(codes) > expireAtMost {
		return nil, visit.Invalid("codes", "At most %d at a time.", expireAtMost)
	}
	a := &expireCodesAnswer{}
	a.Body.PassedOver = []PassedOver{}
	line := 0
	for part := range slices.Chunk(codes, store.ExpireMax) {
		done, err := s.Store.ExpireCodes(ctx, s.caller(ctx), in.Site, in.Zone, part)
		if err != nil {
			return nil, err
		}
		for _, code := range done {
			line++
			a.add(line, code)
		}
	}
	if len(codes) == 0 {
		_, err := s.Store.Zone(ctx, scopeOf(auth.PrincipalOf(ctx)), in.Site, in.Zone)
		return a, err
	}
	return a, nil
}

func (a *expireCodesAnswer) add(line int, code store.ExpiredCode) {
	switch {
	case code.Err != nil:
		why, _ := code.Err.(*visit.Error) //nolint:errorlint // of package roll, as it is
		if why == nil {
			why = roll.ErrCodeUnknown
		}
		a.Body.PassedOver = append(a.Body.PassedOver, PassedOver{line, code.Code, *rollRefusalOf(why)})
	case code.Changed && code.Active:
		a.Body.Active++
		a.Body.Expired++
	case code.Changed:
		a.Body.Expired++
	}
}

// ActiveCode is a code in use.
type ActiveCode struct {
	AccessID  roll.AccessID `json:"access_id"`
	RollID    roll.ID       `json:"roll_id"`
	Number    uint32        `json:"number" doc:"The roll's."`
	Ticket    uint32        `json:"ticket"`
	Code      string        `json:"code,omitempty" doc:"For who may print codes, where it is known here."`
	Codes     int           `json:"codes" doc:"How many codes' time it has, its own included."`
	Sessions  int           `json:"sessions" doc:"Devices online with it."`
	StartedAt time.Time     `json:"started_at"`
	EndsAt    time.Time     `json:"ends_at"`
	Seconds   int64         `json:"seconds" doc:"Left."`
}

type activeInput struct {
	ZonePath
	PageInput
}

type activeAnswer struct {
	Body struct {
		Items []ActiveCode `json:"items"`
		Next  string       `json:"next,omitempty"`
	}
}

func (s *Server) activeCodes(ctx context.Context, in *activeInput) (*activeAnswer, error) {
	p := auth.PrincipalOf(ctx)
	page, err := s.Store.ActiveCodes(ctx, scopeOf(p), in.Site, in.Zone, in.page(), p.Permissions.Has(auth.RollsPrint))
	if err != nil {
		return nil, err
	}
	now, a := s.Now(), &activeAnswer{}
	a.Body.Next = page.Next
	a.Body.Items = each(page.Items, func(c store.ActiveCode) ActiveCode {
		return ActiveCode{
			AccessID: c.AccessID, RollID: c.RollID, Number: c.Number, Ticket: c.Ticket, Code: c.Code, Codes: c.Codes, Sessions: c.Sessions,
			StartedAt: c.StartedAt, EndsAt: c.EndsAt, Seconds: secondsLeft(c.EndsAt, now),
		}
	})
	return a, nil
}
