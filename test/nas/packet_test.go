package nas

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"layeh.com/radius"
)

// FuzzAdmit feeds the DAS what comes from the wire: it must not fail, and must
// admit nothing that is not signed.
func FuzzAdmit(f *testing.F) {
	n, err := New(Config{AuthAddr: "127.0.0.1:1", Secret: []byte(secret)})
	require.NoError(f, err)
	d := newDAS(&run{nas: n}, nil)
	f.Add([]byte{40, 1, 0, 20, 19: 0})
	f.Add([]byte{40, 1, 0, 22, 20: 80, 21: 0})
	f.Add([]byte{40, 1, 0, 23, 20: 80, 21: 18, 22: 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := d.admit(netip.MustParseAddrPort("127.0.0.1:9"), b)
		require.Error(t, err)
		if trimmed, err := trim(b); err == nil {
			decodeFacts(trimmed)
			_, _, _ = checkMessageAuthenticator(trimmed, seed{}, []byte(secret))
		}
	})
}

func TestIdentifiersRunOut(t *testing.T) {
	t.Parallel()
	c := newClient(nil, netip.AddrPort{}, nil)
	for range 256 {
		_, _, err := c.reserve()
		require.NoError(t, err)
	}
	_, _, err := c.reserve()
	require.ErrorIs(t, err, ErrBusy)
	c.release(7)
	id, _, err := c.reserve()
	require.NoError(t, err)
	require.EqualValues(t, 7, id)
}

func TestFactsNameWhatTheyKnow(t *testing.T) {
	t.Parallel()
	p := &radius.Packet{Code: radius.CodeDisconnectRequest, Secret: []byte(secret)}
	p.Add(250, []byte{1, 2})
	p.Add(44, radius.Attribute("1"))
	p.Add(27, radius.Attribute("not four octets"))
	p.Add(4, []byte{1})
	b, err := p.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"Attr-250": "0102", "Acct-Session-Id": "1", "Session-Timeout": "6e6f7420666f7572206f6374657473",
		"NAS-IP-Address": "01",
	}, decodeFacts(b))
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"no secret":            {AuthAddr: "127.0.0.1:1"},
		"no server":            {Secret: []byte("s")},
		"no accounting server": {Secret: []byte("s"), AuthAddr: "127.0.0.1:1", SendAccounting: true},
		"source no address":    {Secret: []byte("s"), AuthAddr: "127.0.0.1:1", BindAddress: "x"},
	} {
		_, err := New(cfg)
		require.Error(t, err, name)
	}
}
