package catalogue

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var placeholder = regexp.MustCompile(`\{[a-z_]*\}`)

// mismatches names every key that one language has and another has not, or says
// with other placeholders.
func mismatches(texts map[string]map[string]string) (bad []string) {
	for language, keys := range texts {
		for key, text := range keys {
			for other := range texts {
				translated, ok := texts[other][key]
				switch {
				case !ok:
					bad = append(bad, other+" lacks "+key)
				case strings.TrimSpace(translated) == "":
					bad = append(bad, other+" says nothing at "+key)
				case !slices.Equal(placeholders(text), placeholders(translated)):
					bad = append(bad, language+" and "+other+" differ at "+key)
				}
			}
			if strings.Count(text, "{") != len(placeholder.FindAllString(text, -1)) {
				bad = append(bad, language+" has a broken placeholder at "+key)
			}
			if stem, plural := strings.CutSuffix(key, "_one"); plural && keys[stem+"_other"] == "" {
				bad = append(bad, language+" lacks the plural of "+key)
			}
		}
	}
	return bad
}

func placeholders(text string) []string {
	names := placeholder.FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

func TestLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	full := map[string]map[string]string{}
	for _, name := range languages {
		full[name] = texts[name]
	}
	require.Empty(t, mismatches(full))
	// The negative control.
	for name, broken := range map[string]map[string]string{
		"missing": {}, "empty": {"a": " "}, "other": {"a": "{y}"}, "broken": {"a": "{x} {X"}, "plural": {"a": "{x}", "b_one": "1"},
	} {
		require.NotEmpty(t, mismatches(map[string]map[string]string{"en": {"a": "{x}"}, "de": broken}), name)
	}
}

// TestAreas: a file is an area in a language, and no key stands in two of them.
func TestAreas(t *testing.T) {
	t.Parallel()
	for _, name := range languages {
		found, err := fs.Glob(files, name+"/*.json")
		require.NoError(t, err)
		keys := 0
		for _, file := range found {
			keys += len(read(file))
			_, err := fs.Stat(files, Fallback+"/"+path.Base(file))
			require.NoError(t, err, file)
		}
		require.Len(t, texts[name], keys, "a key stands in two files of %s", name)
	}
	// What visitors read on a screen of the house.
	for _, area := range visitorAreas {
		all := map[string]map[string]string{}
		for _, name := range visitorLanguages {
			all[name] = read(name + "/" + area + ".json")
		}
		require.Empty(t, mismatches(all), area)
	}
}

var visitorAreas = []string{"kiosk", "portal", "portalmail", "portalproof"}

func TestPrinter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 13, 5, 0, 0, time.UTC)
	en, de := New("en", "Europe/Berlin"), New("de", "Europe/Berlin")
	require.Equal(t, "Tuesday, 24 November 2026, 14:05 to 16:05", en.Span(at, at.Add(2*time.Hour)))
	require.Equal(t, "Dienstag, 24. November 2026, 14:05 bis 16:05\u00a0Uhr", de.Span(at, at.Add(2*time.Hour)))
	require.Equal(t, "Tuesday, 24 November 2026, 14:05 to Wednesday, 25 November 2026, 00:05", en.Span(at, at.Add(10*time.Hour)), "midnight is the place's")
	require.Equal(t, "14:05", en.Near(at, at))
	require.Equal(t, "1 hour, 90 minutes, 1 minute, 2 Stunden",
		strings.Join([]string{en.Duration(time.Hour), en.Duration(90 * time.Minute), en.Duration(time.Minute), de.Duration(2 * time.Hour)}, ", "))
	require.Equal(t, "Hello {name},", en.Text("mail.greeting", "name", "{name}"), "a value is not filled again")
	require.Equal(t, "no.such.key", en.Text("no.such.key"))
	require.Equal(t, Printer{"en", time.UTC}, New("xx", "Nowhere/Land"))
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, of := range []struct{ accept, instead, want string }{
		{"de-AT,de;q=0.9,en;q=0.8", "", "de"}, {"en-GB", "de", "en"}, {"", "de", "de"}, {"ja", "de", "de"}, {"ja", "", "en"},
		{"ja, de;q=0.1", "en", "de"}, {strings.Repeat("x,", 500), "de", "de"}, {"\x00;;q=", "", "en"},
	} {
		require.Equal(t, of.want, Match(of.accept, of.instead), of.accept)
	}
}
