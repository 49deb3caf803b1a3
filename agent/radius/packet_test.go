package radius

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	layeh "layeh.com/radius"
)

func header(length int, attributes ...byte) []byte {
	b := append(make([]byte, headerLen), attributes...)
	b[0] = byte(codeAccessRequest)
	binary.BigEndian.PutUint16(b[2:], uint16(length))
	return b
}

func TestParseLengths(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		datagram []byte
		want     error
	}{
		"empty":                        {nil, errShort},
		"one octet":                    {[]byte{1}, errShort},
		"19 octets":                    {header(20)[:19], errShort},
		"header only":                  {header(20), nil},
		"Length 0":                     {header(0), errLength},
		"Length 19":                    {header(19), errLength},
		"Length 4096, short datagram":  {header(4096), errShort},
		"Length 4097":                  {append(header(4097), make([]byte, 4077)...), errLength},
		"Length 65535":                 {header(65535), errLength},
		"Length one beyond":            {header(21), errShort},
		"padding":                      {header(20, 0, 0, 0), nil},
		"padding of rubbish":           {header(22, 80, 2, 1, 0, 255), nil},
		"lone attribute octet":         {header(21, 1), errAttribute},
		"attribute length 0":           {header(22, 1, 0), errAttribute},
		"attribute length 1":           {header(22, 1, 1), errAttribute},
		"empty attribute":              {header(22, 1, 2), nil},
		"attribute past the end":       {header(23, 1, 4, 'x'), errAttribute},
		"attribute past Length":        {header(23, 1, 4, 'x', 'y'), errAttribute},
		"last of several past the end": {header(26, 1, 3, 'x', 2, 4, 0), errAttribute},
		"second attribute too short":   {header(25, 1, 3, 'x', 2, 1), errAttribute},
		"longest attribute":            {header(275, append([]byte{1, 255}, make([]byte, 253)...)...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := parse(c.datagram)
			require.ErrorIs(t, err, c.want)
			if c.want == nil {
				require.Len(t, p, int(binary.BigEndian.Uint16(c.datagram[2:])))
			}
		})
	}
}

func TestFieldsReadMicrosoftInAnyShape(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value []byte
		want  []byte
	}{
		"alone":            {[]byte{0, 0, 1, 0x37, msCHAPChallenge, 4, 'a', 'b'}, []byte("ab")},
		"after another":    {[]byte{0, 0, 1, 0x37, 99, 3, 0, msCHAPChallenge, 3, 'a'}, []byte("a")},
		"another vendor":   {[]byte{0, 0, 1, 0x38, msCHAPChallenge, 3, 'a'}, nil},
		"no vendor":        {[]byte{0, 0, 1}, nil},
		"vendor only":      {[]byte{0, 0, 1, 0x37}, nil},
		"length 0":         {[]byte{0, 0, 1, 0x37, msCHAPChallenge, 0, 'a'}, nil},
		"length too large": {[]byte{0, 0, 1, 0x37, msCHAPChallenge, 4, 'a'}, nil},
		"trailing octet":   {[]byte{0, 0, 1, 0x37, msCHAPChallenge, 3, 'a', 9}, []byte("a")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f fields
			f.vendor(c.value)
			require.Equal(t, c.want, f.msChallenge)
		})
	}
}

func TestMACs(t *testing.T) {
	t.Parallel()
	for spelt, want := range map[string]string{
		"AA-BB-CC-DD-EE-FF":      "aa:bb:cc:dd:ee:ff",
		"aa:bb:cc:dd:ee:ff":      "aa:bb:cc:dd:ee:ff",
		"aabb.ccdd.eeff":         "aa:bb:cc:dd:ee:ff",
		"AABBCCDDEEFF":           "aa:bb:cc:dd:ee:ff",
		"aabbcc-ddeeff":          "aa:bb:cc:dd:ee:ff",
		"":                       "",
		"aabbccddeef":            "",
		"aabbccddeeff0":          "",
		"aa-bb-cc-dd-ee-ff:wlan": "",
		"10.0.0.1":               "",
		"+49 30 1234567890":      "",
	} {
		require.Equal(t, "x"+want, string(appendMAC([]byte("x"), []byte(spelt))), spelt)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(header(20))
	f.Add(header(23, 1, 3, 'x'))
	f.Add(header(26, 26, 6, 0, 0, 1, 0x37))
	f.Add(mschap2Login(f, testUser, testPassword).signed(f))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		p, err := parse(datagram)
		theirs, theirErr := layeh.Parse(datagram, []byte(testSecret))
		if err != nil {
			return // they take more: an attribute cut off at the very end
		}
		require.NoError(t, theirErr, hex.EncodeToString(datagram))
		f := p.fields()
		require.Equal(t, theirs.Get(layeh.Type(attrUserName)) == nil, f.userName == nil)
		n := 0
		for at := headerLen; at < len(p); at = p.next(at) {
			require.Equal(t, []byte(theirs.Attributes[n].Attribute), p.value(at))
			n++
		}
		require.Len(t, theirs.Attributes, n)
	})
}
