package portal

import (
	"fmt"
	"html/template"
	"math"
	"strconv"

	"github.com/foyerhq/foyer/api/plain"
)

// colour is one in sRGB, each part from 0 to 1.
type colour [3]float64

var (
	white = colour{1, 1, 1}
	black = colour{}
	// The card that a page lies on, light and dark: see page.css of package plain.
	lightCard = colour{1, 1, 1}
	darkCard  = colour{0x1d / 255.0, 0x20 / 255.0, 0x23 / 255.0}
)

// enough contrast for text (WCAG 2.2, 1.4.3).
const enough = 4.5

// styleOf is the style of a page with the template's own colour. Whatever staff have
// chosen, what is written in it and on it can be read: it is made darker on the light
// card, and lighter on the dark one, as far as that takes.
func styleOf(accent string) template.CSS {
	style := string(plain.Style()) + pageCSS
	base, ok := parseColour(accent)
	if !ok {
		return template.CSS(style) //nolint:gosec // our own files
	}
	light, dark := base.against(lightCard, black), base.against(darkCard, white)
	style += fmt.Sprintf(":root{--go:%s;--on:%s}\n@media (prefers-color-scheme:dark){:root{--go:%s;--on:%s}}\n",
		light, light.ink(), dark, dark.ink())
	return template.CSS(style) //nolint:gosec // our own files, and colours that were read as numbers
}

func parseColour(text string) (c colour, ok bool) {
	if len(text) != 7 || text[0] != '#' {
		return c, false
	}
	for i := range c {
		n, err := strconv.ParseUint(text[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return c, false
		}
		c[i] = float64(n) / 255
	}
	return c, true
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0]*255)), int(math.Round(c[1]*255)), int(math.Round(c[2]*255)))
}

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// against moves a colour towards another until it can be read on the ground.
func (c colour) against(ground, towards colour) colour {
	const steps = 20
	for i := range steps + 1 {
		share := float64(i) / steps
		var mixed colour
		for j := range mixed {
			mixed[j] = math.Round((c[j]*(1-share)+towards[j]*share)*255) / 255
		}
		if contrast(mixed, ground) >= enough {
			return mixed
		}
	}
	return towards
}

// ink is what is written on the colour: one of the two always can be read.
func (c colour) ink() colour {
	if contrast(white, c) >= contrast(black, c) {
		return white
	}
	return black
}
