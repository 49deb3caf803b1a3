package auth

import (
	_ "embed"
	"strings"
	"unicode"

	"github.com/foyerhq/foyer/internal/visit"
)

// common are words that passwords are too often made of, in the form of fold.
//
//go:embed common.txt
var common string

const (
	ownWords   = 6 // characters that a password needs beside a common word or one's own names
	fewLetters = 5 // different characters; fewer are a pattern
)

var (
	errPattern = visit.Invalid("password", "This is a pattern. Choose something that nobody would guess.")
	errCommon  = visit.Invalid("password", "This is one of the passwords that are tried first.")
	errOwnName = visit.Invalid("password", "This is your name or e-mail address with little else.")
)

// CheckChoice refuses passwords that are guessed first, beside what CheckPassword
// refuses: patterns, common words and the owner's names with little else. There
// are no rules about kinds of characters, after NIST SP 800-63B section 5.1.1.2.
func CheckChoice(password string, names ...string) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	folded := fold(password)
	if different(folded) < fewLetters || sequence(strings.ToLower(password)) {
		return errPattern
	}
	for word := range strings.Lines(common) {
		if mostly(folded, strings.TrimSpace(word)) {
			return errCommon
		}
	}
	for _, name := range names {
		local, domain, _ := strings.Cut(name, "@")
		parts := append(strings.Fields(name), local, domain, name)
		rest := folded
		for _, part := range parts {
			if part := fold(part); len([]rune(part)) > 2 {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
		if rest != folded && len([]rune(rest)) < ownWords {
			return errOwnName
		}
	}
	return nil
}

// mostly reports whether a password is a word with a few letters more.
func mostly(password, word string) bool {
	return word != "" && strings.Contains(password, word) && len([]rune(strings.ReplaceAll(password, word, ""))) < ownWords
}

// fold is what of a password costs a guesser anything: letters and digits, in
// lower case, with the usual disguises undone.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '@', '4':
			return 'a'
		case '0':
			return 'o'
		case '3':
			return 'e'
		case '$', '5':
			return 's'
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

func different(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// sequence reports whether nearly every character follows from the one before, as
// in 123456789012 or abcdefghijkl.
func sequence(text string) bool {
	steps, runes := 0, []rune(text)
	for i := 1; i < len(runes); i++ {
		if d := runes[i] - runes[i-1]; d == 1 || d == -1 || d == 0 {
			steps++
		}
	}
	return len(runes) > 0 && len(runes)-1-steps <= 2
}
