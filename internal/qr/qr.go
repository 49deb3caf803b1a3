// Package qr draws QR codes, as a picture for mail and as a path for pages.
package qr

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	module = 6 // pixels
	quiet  = 4 // modules around the code (ISO/IEC 18004 5.3.8)
)

func encode(text string) (barcode.Barcode, error) { return qr.Encode(text, qr.M, qr.Unicode) }

// PNG returns a picture with its quiet zone, dark on light whatever the scheme:
// scanners want it so.
func PNG(text string) ([]byte, error) {
	code, err := encode(text)
	if err != nil {
		return nil, err
	}
	modules := code.Bounds().Dx()
	side := (modules + 2*quiet) * module
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range modules * module {
		for x := range modules * module {
			if dark(code, x/module, y/module) {
				picture.SetColorIndex(x+quiet*module, y+quiet*module, 1)
			}
		}
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}

// Path returns the d of an SVG path, to be stroked one unit wide, and the side of
// its view box, quiet zone included. Runs of dark modules are one line each, which
// keeps a page small.
func Path(text string) (d string, side int, err error) {
	code, err := encode(text)
	if err != nil {
		return "", 0, err
	}
	modules := code.Bounds().Dx()
	var path strings.Builder
	for y := range modules {
		for x := 0; x < modules; x++ {
			run := 0
			for x+run < modules && dark(code, x+run, y) {
				run++
			}
			if run > 0 {
				path.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + ".5h" + strconv.Itoa(run))
				x += run
			}
		}
	}
	return path.String(), modules + 2*quiet, nil
}

func dark(code barcode.Barcode, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}

// Network returns what a telephone joins a network by, or nothing: a voucher's
// password is never put into a code, and a network without an open door has none.
func Network(n visit.Network) string {
	if n.Kind != visit.OpenPortal {
		return ""
	}
	code := "WIFI:T:nopass;S:" + strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, `"`, `\"`, ":", `\:`).Replace(n.SSID)
	if n.Hidden {
		code += ";H:true"
	}
	return code + ";;"
}
