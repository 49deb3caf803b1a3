package roll_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/roll"
)

// pfSense is the compatibility model: the rules of state that pfSense wraps around
// the program, flaws included, with its two files per roll as they are on disk. It
// serves to prove that the rules are understood, and as the negative control of
// the tests that ours are better. No code of ours runs by it.
type pfSense struct {
	program  *roll.Original
	now      int64
	disabled bool
	rolls    []pfSenseRoll
	files    map[string]string
	sessions []string // user names, that is codes as typed

	// What the step did besides.
	log          []string
	disconnected [][2]any
}

type pfSenseRoll struct {
	Number  uint32
	Count   uint32
	Minutes int64
}

// activeCode is a line of an active file.
type activeCode struct {
	code           string
	start, minutes int64
}

// printf is a line of the log and, in a test, of the answer.
func (p *pfSense) printf(format string, args ...any) string {
	p.log = append(p.log, fmt.Sprintf(format, args...))
	return p.log[len(p.log)-1]
}

func (p *pfSense) registered(number, ticket uint32) *pfSenseRoll {
	for i, r := range p.rolls {
		if r.Number == number && ticket <= r.Count {
			return &p.rolls[i]
		}
	}
	return nil
}

func usedFile(number uint32) string   { return fmt.Sprintf("used_%d", number) }
func activeFile(number uint32) string { return fmt.Sprintf("active_%d", number) }

// readActive drops what has run out, also from the file.
func (p *pfSense) readActive(number uint32) (all []activeCode) {
	text, exists := p.files[activeFile(number)]
	if !exists {
		return nil
	}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		start, _ := strconv.ParseInt(fields[1], 10, 64)
		minutes, _ := strconv.ParseInt(fields[2], 10, 64)
		if start+60*minutes-p.now > 0 {
			all = append(all, activeCode{fields[0], start, minutes})
		}
	}
	p.writeActive(number, all)
	return all
}

func (p *pfSense) writeActive(number uint32, all []activeCode) {
	var text strings.Builder
	for _, a := range all {
		fmt.Fprintf(&text, "%s,%d,%d\n", a.code, a.start, a.minutes)
	}
	p.files[activeFile(number)] = text.String()
}

func (p *pfSense) readUsed(number uint32) []byte {
	mask, _ := base64.StdEncoding.DecodeString(strings.TrimSuffix(p.files[usedFile(number)], "\n"))
	return mask
}

func (p *pfSense) writeUsed(number uint32, mask []byte) {
	p.files[usedFile(number)] = base64.StdEncoding.EncodeToString(mask) + "\n"
}

// withBit sets a bit as PHP writes behind the end of a text: what is missing in
// between becomes blanks, which are bits too.
func withBit(mask []byte, ticket uint32) []byte {
	for len(mask) <= int(ticket>>3) {
		if len(mask) == int(ticket>>3) {
			mask = append(mask, 0)
			break
		}
		mask = append(mask, ' ')
	}
	mask[ticket>>3] |= 1 << (ticket & 7)
	return mask
}

func hasBit(mask []byte, ticket uint32) bool {
	return int(ticket>>3) < len(mask) && mask[ticket>>3]>>(ticket&7)&1 == 1
}

// verify is the program's answer taken apart.
func (p *pfSense) verify(code string) (number, ticket uint32, err error) {
	line, err := p.program.Verify(code)
	if err == nil {
		_, err = fmt.Sscanf(line, "OK %d %d", &number, &ticket)
	}
	return number, ticket, err
}

func pfSenseCodes(text string) []string {
	fields := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n", c) })
	if len(fields) == 0 {
		return []string{""}
	}
	return fields
}

// auth uses codes, or tests them, and returns minutes and the test's lines.
func (p *pfSense) auth(text string, test bool) (total int64, lines []string) {
	if p.disabled {
		return 0, nil
	}
	codes := pfSenseCodes(text)
	masks := map[uint32][]byte{}
	bad := 0
	for _, code := range codes {
		line := p.judge(code, masks, &total, &bad)
		lines = append(lines, line)
	}
	switch {
	case test && bad > 0:
		return 0, append(lines, "Access denied!")
	case test:
		return 0, append(lines, fmt.Sprintf("Access granted for %d Minutes in total.", total))
	case bad > 0:
		return min(total, 0), nil
	}
	for number, mask := range masks {
		p.writeUsed(number, mask)
	}
	number, _, _ := p.verify(codes[0])
	active := p.readActive(number)
	if !slices.ContainsFunc(active, func(a activeCode) bool { return a.code == codes[0] }) {
		p.writeActive(number, append(active, activeCode{codes[0], p.now, total}))
	}
	return total, nil
}

// judge looks at one code, and marks it in masks.
func (p *pfSense) judge(code string, masks map[uint32][]byte, total *int64, bad *int) string {
	if len(code) < 5 {
		*bad++
		return p.printf("%s invalid: Too short!", code)
	}
	number, ticket, err := p.verify(code)
	if err != nil {
		*bad++
		return p.printf("%s invalid: %s !!", code, err)
	}
	r := p.registered(number, ticket)
	if r == nil {
		return p.printf("%s (%d/%d): not found on any registered Roll", code, number, ticket)
	}
	for _, a := range p.readActive(number) {
		if a.code == code {
			left := (a.start + 60*a.minutes - p.now) / 60
			*total += left
			return fmt.Sprintf("%s (%d/%d) active and good for %d Minutes", code, number, ticket, left)
		}
	}
	if _, ok := masks[number]; !ok {
		masks[number] = p.readUsed(number)
	}
	if hasBit(masks[number], ticket) {
		*bad++
		*total = -1
		return p.printf("%s (%d/%d) already used and expired", code, number, ticket)
	}
	masks[number] = withBit(masks[number], ticket)
	*total += r.Minutes
	return fmt.Sprintf("%s (%d/%d) good for %d Minutes", code, number, ticket, r.Minutes)
}

func (p *pfSense) expire(text string) {
	for _, code := range pfSenseCodes(text) {
		if len(code) < 5 {
			p.printf("%s invalid: Too short!", code)
			continue
		}
		number, ticket, err := p.verify(code)
		if err != nil {
			p.printf("%s invalid: %s!!", code, err)
			continue
		}
		if p.registered(number, ticket) == nil {
			p.printf("%s (%d/%d): not found on any registered Roll", code, number, ticket)
			continue
		}
		p.writeActive(number, slices.DeleteFunc(p.readActive(number), func(a activeCode) bool { return a.code == code }))
		p.writeUsed(number, withBit(p.readUsed(number), ticket))
		p.printf("%s (%d/%d) forced to expire", code, number, ticket)
		p.disconnect(code)
	}
}

func (p *pfSense) disconnect(code string) {
	if i := slices.Index(p.sessions, code); i >= 0 {
		p.sessions = slices.Delete(p.sessions, i, i+1)
		p.disconnected = append(p.disconnected, [2]any{code, 13.0})
		p.printf("%s | 02:00:00:00:00:07 | 192.0.2.7 | FORCEFULLY TERMINATING VOUCHER %s SESSION", code, code)
	}
}

// reset makes a roll's files anew: all unused.
func (p *pfSense) reset(r pfSenseRoll) {
	p.writeUsed(r.Number, make([]byte, r.Count/8+1))
	p.writeActive(r.Number, nil)
}

// status is a line of the page of rolls.
type rollStatus struct{ Number, Used, Active, Ready int }

func (p *pfSense) status() (all []rollStatus) {
	for _, r := range p.rolls {
		set, mask := 0, p.readUsed(r.Number)
		for ticket := uint32(1); ticket <= r.Count; ticket++ {
			if hasBit(mask, ticket) {
				set++
			}
		}
		active := len(p.readActive(r.Number))
		all = append(all, rollStatus{int(r.Number), set - active, active, int(r.Count) - set})
	}
	return all
}

// scenario is a recorded story of state.
type scenario struct {
	Name, Config string
	Rolls        []pfSenseRoll
	Steps        []step
}

type step struct {
	At           int64
	Op, Arg      string
	Number       uint32
	Set          struct{ Number, Count, Minutes *int64 }
	Roll         pfSenseRoll
	Rolls        []rollStatus
	Returns      any
	Lines        json.RawMessage
	Log          []string
	Disconnected [][2]any
	Files        map[string]string `json:"db"`
}

func newPfSense(t *testing.T, v vectors, config string, rolls []pfSenseRoll) *pfSense {
	t.Helper()
	c := v.config(t, config)
	key, err := roll.ReadOriginalKey([]byte(v.key(t, c.Key).Public), false)
	require.NoError(t, err)
	program, err := roll.NewOriginal(key, c.format(t))
	require.NoError(t, err)
	p := &pfSense{program: program, rolls: slices.Clone(rolls), files: map[string]string{}}
	for _, r := range rolls {
		p.reset(r)
	}
	return p
}

// take does a step and returns what it returned.
func (p *pfSense) take(s step) (returns any, lines []string, status []rollStatus) {
	p.now, p.log, p.disconnected = s.At, nil, nil
	switch s.Op {
	case "auth":
		total, _ := p.auth(s.Arg, false)
		return float64(total), nil, nil
	case "test":
		_, lines := p.auth(s.Arg, true)
		return nil, lines, nil
	case "expire":
		p.expire(s.Arg)
		return true, nil, nil
	case "session":
		p.sessions = append(p.sessions, s.Arg)
	case "roll_status":
		return nil, nil, p.status()
	case "prune":
		p.status()
	case "enable", "disable":
		p.disabled = s.Op == "disable"
	case "lose_used_db":
		delete(p.files, usedFile(s.Number))
	case "delete_roll":
		p.rolls = slices.DeleteFunc(p.rolls, func(r pfSenseRoll) bool { return r.Number == s.Number })
		delete(p.files, usedFile(s.Number))
		delete(p.files, activeFile(s.Number))
	case "add_roll":
		p.rolls = append(p.rolls, s.Roll)
		p.reset(s.Roll)
	case "edit_roll":
		p.edit(s)
	default:
		panic("unknown step " + s.Op)
	}
	return nil, nil, nil
}

func (p *pfSense) edit(s step) {
	i := slices.IndexFunc(p.rolls, func(r pfSenseRoll) bool { return r.Number == s.Number })
	r := &p.rolls[i]
	if s.Set.Number != nil {
		r.Number = uint32(*s.Set.Number)
	}
	if s.Set.Minutes != nil {
		r.Minutes = *s.Set.Minutes
	}
	if s.Set.Count != nil {
		r.Count = uint32(*s.Set.Count)
		p.reset(*r)
	}
}

// Every recorded step: what was returned, said, logged and disconnected, and both
// files of every roll to the byte.
func TestRecordedScenarios(t *testing.T) {
	t.Parallel()
	v := recorded(t)
	require.NotEmpty(t, v.Scenarios)
	for _, s := range v.Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			p := newPfSense(t, v, s.Config, s.Rolls)
			for i, step := range s.Steps {
				at := fmt.Sprintf("step %d: %s %q", i, step.Op, step.Arg)
				returns, lines, status := p.take(step)
				require.Equal(t, step.Returns, returns, at)
				require.Equal(t, step.Rolls, status, at)
				require.Equal(t, step.Log, p.log, at)
				require.Equal(t, step.Disconnected, p.disconnected, at)
				require.Equal(t, step.Files, p.files, at)
				if step.Op == "test" && !p.disabled {
					var want []string
					require.NoError(t, errors.Join(json.Unmarshal(step.Lines, &want)))
					require.Equal(t, want, lines, at)
				}
			}
		})
	}
}
