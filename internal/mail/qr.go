package mail

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	qrModule = 6 // pixels
	qrQuiet  = 4 // modules (ISO/IEC 18004 5.3.8)
)

// QRCode returns a QR code as PNG, with its quiet zone, dark on light whatever the
// scheme: scanners want it so.
func QRCode(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return nil, err
	}
	modules := code.Bounds().Dx()
	side := (modules + 2*qrQuiet) * qrModule
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if mx, my := x/qrModule-qrQuiet, y/qrModule-qrQuiet; mx >= 0 && my >= 0 && mx < modules && my < modules && dark(code.At(mx, my)) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}

func dark(c color.Color) bool {
	r, _, _, _ := c.RGBA()
	return r == 0
}

// networkQR returns what phones join a network by, or nothing: a voucher's
// password is never put into one, and a network without an open door has none.
func networkQR(n visit.Network) string {
	if n.Kind != visit.OpenPortal {
		return ""
	}
	code := "WIFI:T:nopass;S:" + strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, `"`, `\"`, ":", `\:`).Replace(n.SSID)
	if n.Hidden {
		code += ";H:true"
	}
	return code + ";;"
}
