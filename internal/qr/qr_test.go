package qr_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/qr"
	"github.com/foyerhq/foyer/internal/visit"
)

const text = "https://foyer.example/v/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"

var run = regexp.MustCompile(`M(\d+) (\d+)\.5h(\d+)`)

// The picture and the path are the same code, with four light modules around it.
func TestThePictureAndThePathAgree(t *testing.T) {
	t.Parallel()
	raw, err := qr.PNG(text)
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	path, side, err := qr.Path(text)
	require.NoError(t, err)

	drawn := map[image.Point]bool{}
	for _, m := range run.FindAllStringSubmatch(path, -1) {
		x, y, length := number(t, m[1]), number(t, m[2]), number(t, m[3])
		for i := range length {
			drawn[image.Pt(x+i, y)] = true
		}
	}
	require.NotEmpty(t, drawn)
	module := picture.Bounds().Dx() / side
	require.Equal(t, side*module, picture.Bounds().Dx())
	for y := range side {
		for x := range side {
			r, _, _, _ := picture.At(x*module+module/2, y*module+module/2).RGBA()
			require.Equal(t, drawn[image.Pt(x, y)], r == 0, fmt.Sprint(x, " ", y))
			if min(x, y) < 4 || max(x, y) >= side-4 {
				require.False(t, drawn[image.Pt(x, y)], "the quiet zone")
			}
		}
	}
	require.Equal(t, drawn[image.Pt(4, 4)], drawn[image.Pt(side-5, 4)], "corners that scanners find it by")
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// A code joins open networks only; nothing that is secret is in one.
func TestNetwork(t *testing.T) {
	t.Parallel()
	require.Equal(t, `WIFI:T:nopass;S:Guests\; 2\:1;;`, qr.Network(visit.Network{SSID: "Guests; 2:1", Kind: visit.OpenPortal}))
	require.Equal(t, `WIFI:T:nopass;S:Guests;H:true;;`, qr.Network(visit.Network{SSID: "Guests", Kind: visit.OpenPortal, Hidden: true}))
	for _, kind := range []visit.NetworkKind{visit.WPAPSK, visit.WPAEAP} {
		require.Empty(t, qr.Network(visit.Network{SSID: "Guests", Kind: kind, PSK: "canary-key"}), kind)
	}
}
