package sms

import (
	"slices"
	"strings"

	"github.com/foyerhq/foyer/internal/visit"
)

// Number is a telephone number in the form of ITU-T E.164: + and 8 to 15 digits.
type Number string

var (
	errNumber = visit.Invalid("phone", "This is not a telephone number with its country code, such as +49 30 901820.")
	// ErrCountry is for a number outside the prefixes.
	ErrCountry = visit.Errorf(visit.KindForbidden, "sms_prefix", "Codes are not sent to this country.")
)

// ParseNumber reads a number as people write it, with + or 00 in front of the
// country code. A number without one is refused: guessing the country would send
// somebody else's code.
func ParseNumber(text string) (Number, error) {
	text = strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "/", "", ".", "", "(0)", "", "(", "", ")", "").Replace(strings.TrimSpace(text))
	if rest, ok := strings.CutPrefix(text, "00"); ok {
		text = "+" + rest
	}
	digits, ok := strings.CutPrefix(text, "+")
	if !ok || len(digits) < 8 || len(digits) > 15 || digits[0] == '0' {
		return "", errNumber
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return "", errNumber
		}
	}
	return Number("+" + digits), nil
}

// String hides the number from logs.
func (Number) String() string { return "[number]" }

// within reports whether the number begins with one of the prefixes, such as +49.
func (n Number) within(prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(string(n), p) })
}

// CheckPrefixes refuses prefixes that are none: one that is empty would allow all.
func CheckPrefixes(prefixes []string) error {
	for _, p := range prefixes {
		digits, ok := strings.CutPrefix(p, "+")
		if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
			return visit.Invalid("sms_prefixes", "A prefix is + and a country code, such as +49.")
		}
	}
	return nil
}
