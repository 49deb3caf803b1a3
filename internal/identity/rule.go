package identity

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/foyerhq/foyer/internal/visit"
)

// AccessRule lets guests in or keeps them out. All that it names must apply; the first
// rule that applies decides, and where none does guests are let in.
type AccessRule struct {
	Allow    bool              `json:"allow"`
	SSIDs    []string          `json:"ssids,omitempty"`
	Weekdays []time.Weekday    `json:"weekdays,omitempty"` // 0 is Sunday
	From     int               `json:"from,omitempty"`     // minutes behind midnight
	To       int               `json:"to,omitempty"`       // exclusive; before From: over midnight; equal: all day
	Text     map[string]string `json:"text,omitempty"`     // for whom it keeps out, by language
}

func (r AccessRule) validate() error {
	if r.From < 0 || r.From >= 24*60 || r.To < 0 || r.To > 24*60 {
		return visit.Invalid("rules", "Times are of one day.")
	}
	for _, day := range r.Weekdays {
		if day < time.Sunday || day > time.Saturday {
			return visit.Invalid("rules", "There is no such day.")
		}
	}
	for _, text := range r.Text {
		if utf8.RuneCountInString(text) > maxTexts {
			return visit.Invalid("rules", "At most %d characters.", maxTexts)
		}
	}
	return nil
}

// applies: a rule over midnight belongs to the day on which it begins.
func (r AccessRule) applies(at time.Time, ssid string) bool {
	if len(r.SSIDs) > 0 && !slices.Contains(r.SSIDs, ssid) {
		return false
	}
	minute, day := at.Hour()*60+at.Minute(), at.Weekday()
	switch {
	case r.From < r.To:
		if minute < r.From || minute >= r.To {
			return false
		}
	case r.From > r.To && minute < r.From:
		if minute >= r.To {
			return false
		}
		day = (day + 6) % 7
	}
	return len(r.Weekdays) == 0 || slices.Contains(r.Weekdays, day)
}

// Admits tells whether rules let a guest in at an instant by the clock of the place,
// and the index of the rule that decided, -1 if none did.
func Admits(rules []AccessRule, at time.Time, zone *time.Location, ssid string) (ok bool, rule int) {
	local := at.In(zone)
	for i, r := range rules {
		if r.applies(local, ssid) {
			return r.Allow, i
		}
	}
	return true, -1
}
