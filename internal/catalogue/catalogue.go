// Package catalogue holds what Foyer says to people, in every language.
//
// A folder a language and in it a JSON file an area, en/mail.json and so on: flat
// keys, {name} placeholders, and where a number decides, two keys that end in _one
// and _other. The web application reads the same files. A key that is missing
// anywhere, or whose placeholders differ, fails the tests. What staff read is in the
// languages of [Languages]; what visitors see on a screen of the house is in more.
package catalogue

import (
	"embed"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed */*.json
var files embed.FS

// Fallback is the language of those whose own we do not speak.
const Fallback = "en"

// languages are those there are, the fallback first; visitorLanguages those of the
// areas that visitors read.
var (
	languages        = []string{Fallback, "de"}
	visitorLanguages = []string{Fallback, "de", "fr", "es", "it", "pl"}
)

var (
	texts          = load()
	matcher        = newMatcher(languages)
	visitorMatcher = newMatcher(visitorLanguages)
)

// load reads the files; one that does not parse cannot get past any test.
func load() map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, name := range visitorLanguages {
		all[name] = map[string]string{}
		areas, err := files.ReadDir(name)
		if err != nil {
			panic("catalogue: " + err.Error())
		}
		for _, area := range areas {
			maps.Copy(all[name], read(name+"/"+area.Name()))
		}
	}
	return all
}

func read(name string) map[string]string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("catalogue: " + err.Error())
	}
	keys := map[string]string{}
	if err := json.Unmarshal(text, &keys); err != nil {
		panic("catalogue: " + name + ": " + err.Error())
	}
	return keys
}

func newMatcher(languages []string) language.Matcher {
	tags := make([]language.Tag, len(languages))
	for i, name := range languages {
		tags[i] = language.Make(name)
	}
	return language.NewMatcher(tags)
}

// Languages returns the languages there are, the fallback first.
func Languages() []string { return slices.Clone(languages) }

// Known reports whether name is one of Languages.
func Known(name string) bool { return slices.Contains(languages, name) }

// VisitorLanguages returns those that visitors read on pages of the house.
func VisitorLanguages() []string { return slices.Clone(visitorLanguages) }

// Match returns the language for a browser's Accept-Language, else instead, else
// the fallback.
func Match(accept, instead string) string {
	if name, ok := match(matcher, languages, accept); ok {
		return name
	}
	if Known(instead) {
		return instead
	}
	return Fallback
}

// ForVisitor returns a printer of the areas that visitors read: in the language they
// chose, else in their browser's, else in the fallback.
func ForVisitor(chosen, accept string) Printer {
	name := chosen
	if !slices.Contains(visitorLanguages, name) {
		name, _ = match(visitorMatcher, visitorLanguages, accept)
	}
	return Printer{Language: name, Zone: time.UTC}
}

func match(matcher language.Matcher, languages []string, accept string) (name string, ok bool) {
	wanted, _, err := language.ParseAcceptLanguage(accept[:min(len(accept), 200)])
	if err == nil && len(wanted) > 0 {
		if _, at, sure := matcher.Match(wanted...); sure != language.No {
			return languages[at], true
		}
	}
	return Fallback, false
}

// Printer speaks one language and tells the time of one place. It is safe for
// concurrent use.
type Printer struct {
	Language string
	Zone     *time.Location
}

// New returns a printer for a language and an IANA time zone, or for the fallback
// and UTC where we do not know them.
func New(name, zone string) Printer {
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		location = time.UTC
	}
	if !Known(name) {
		name = Fallback
	}
	return Printer{Language: name, Zone: location}
}

// Text returns the text of a key with its placeholders filled: pairs are names and
// values in turn. A key that does not exist is returned as it is.
func (p Printer) Text(key string, pairs ...string) string {
	text, ok := p.Lookup(key)
	if !ok {
		return key
	}
	replace := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replace = append(replace, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(replace...).Replace(text)
}

// Lookup returns the text of a key as it stands.
func (p Printer) Lookup(key string) (text string, ok bool) {
	text, ok = texts[p.Language][key]
	return text, ok
}

// Count is Text for a number of things; {count} is the number.
func (p Printer) Count(key string, n int, pairs ...string) string {
	form := "_other"
	if n == 1 {
		form = "_one"
	}
	return p.Text(key+form, append(pairs, "count", strconv.Itoa(n))...)
}

// Date returns the day at the place: "Tuesday, 24 November 2026".
func (p Printer) Date(at time.Time) string {
	at = at.In(p.Zone)
	return p.Text("date.long",
		"weekday", p.Text("date.weekday."+strconv.Itoa(int(at.Weekday()))), "day", strconv.Itoa(at.Day()),
		"month", p.Text("date.month."+strconv.Itoa(int(at.Month()))), "year", strconv.Itoa(at.Year()))
}

// Clock returns the time of day at the place.
func (p Printer) Clock(at time.Time) string {
	at = at.In(p.Zone)
	return p.Text("date.clock", "hour", at.Format("15"), "minute", at.Format("04"))
}

// At returns day and time.
func (p Printer) At(at time.Time) string {
	return p.Text("date.at", "date", p.Date(at), "clock", p.Clock(at))
}

// Near returns the time, with its day unless that is the day of now.
func (p Printer) Near(at, now time.Time) string {
	if p.sameDay(at, now) {
		return p.Clock(at)
	}
	return p.At(at)
}

// Span returns two instants, with the second day where it is another.
func (p Printer) Span(from, to time.Time) string {
	if !p.sameDay(from, to) {
		return p.Text("date.span", "from", p.At(from), "to", p.At(to))
	}
	const clock = "15:04"
	return p.Text("date.range", "date", p.Date(from), "from", from.In(p.Zone).Format(clock), "to", to.In(p.Zone).Format(clock))
}

// Duration returns a span in whole minutes or, where it is that, in whole hours.
func (p Printer) Duration(d time.Duration) string {
	minutes := int(d.Round(time.Minute) / time.Minute)
	if minutes >= 60 && minutes%60 == 0 {
		return p.Count("duration.hours", minutes/60)
	}
	return p.Count("duration.minutes", minutes)
}

func (p Printer) sameDay(a, b time.Time) bool {
	const day = "2006-01-02"
	return a.In(p.Zone).Format(day) == b.In(p.Zone).Format(day)
}
