package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/foyerhq/foyer/internal/wire"
)

// TestUnknownFieldsAreIgnored adds a field to every object of every frame: what
// a newer peer may send.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	t.Parallel()
	for _, frame := range examples() {
		t.Run(string(frame.FrameType()), func(t *testing.T) {
			t.Parallel()
			var body any
			require.NoError(t, json.Unmarshal(readGolden(t, frame.FrameType()), &body))
			newer, err := json.Marshal(withField(body))
			require.NoError(t, err)
			require.Contains(t, string(newer), `"of_a_newer_peer"`)

			decoded, err := wire.Decode(newer)
			require.NoError(t, err)
			require.Equal(t, frame, decoded)
		})
	}
}

// withField adds a field to every object in v except the counters of
// agent.stats, whose names are free.
func withField(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if name != "counters" {
				v[name] = withField(value)
			}
		}
		v["of_a_newer_peer"] = map[string]any{"any": []any{"thing", 1.5, nil}}
	case []any:
		for i := range v {
			v[i] = withField(v[i])
		}
	}
	return v
}

func TestRecordOfANewerKindHasNone(t *testing.T) {
	t.Parallel()
	frame, err := wire.Decode([]byte(`{"type":"agent.report","journal":"j","records":[{"sequence":7,"at":"2026-03-02T10:00:00Z","weather":{"sunny":true}}]}`))
	require.NoError(t, err)
	record := frame.(*wire.Report).Records[0]
	require.EqualValues(t, 7, record.Sequence)
	require.Nil(t, record.Accounting)
	require.Nil(t, record.Refused)
	require.Nil(t, record.Termination)
}

func TestUnknownTypeIsTold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"type":"agent.weather"}`, `{"type":""}`, `{}`, `{"type":"agent.weather","position":7}`} {
		_, err := wire.Decode([]byte(text))
		require.ErrorIs(t, err, wire.ErrUnknownType, text)
	}
}

func TestDamagedFramesAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	const secret = "h3wx9ktp4mvc"
	for name, text := range map[string]string{
		"empty":             ``,
		"not JSON":          `password ` + secret,
		"cut":               `{"type":"voucher.create","grant":{"password":"` + secret,
		"a list":            `["agent.hello","` + secret + `"]`,
		"two frames":        `{"type":"agent.ack"}{"type":"agent.ack","x":"` + secret + `"}`,
		"type not text":     `{"type":7,"x":"` + secret + `"}`,
		"field not fit":     `{"type":"voucher.create","grant":{"password":"` + secret + `","device_limit":"many"}}`,
		"stamp a number":    `{"type":"agent.ack","position":{"revision":1,"stamp":11400714819323198485}}`,
		"instant not fit":   `{"type":"ledger.resume","now":"` + secret + `"}`,
		"source not fit":    `{"type":"nas.put","nas":{"source":"` + secret + `"}}`,
		"octets not fit":    `{"type":"agent.renew","csr":"` + secret + `!"}`,
		"sequence negative": `{"type":"report.ack","journal":"` + secret + `","sequence":-1}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.Decode([]byte(text))
			require.Error(t, err)
			require.NotErrorIs(t, err, wire.ErrUnknownType)
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestFramesHaveALimit(t *testing.T) {
	t.Parallel()
	longest := ackOf(t, wire.MaxFrame)
	_, err := wire.Decode(longest)
	require.NoError(t, err)

	_, err = wire.Decode(ackOf(t, wire.MaxFrame+1))
	require.ErrorContains(t, err, "exceeds")

	_, err = wire.Encode(&wire.Renew{CSR: make([]byte, wire.MaxFrame)})
	require.ErrorContains(t, err, "exceed")
}

// ackOf returns an agent.ack of n octets, by a field that nobody knows.
func ackOf(t *testing.T, n int) []byte {
	t.Helper()
	const head, tail = `{"type":"agent.ack","position":{"revision":1,"stamp":"1"},"padding":"`, `"}`
	frame := head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	require.Len(t, frame, n)
	return []byte(frame)
}

// FuzzDecode: whatever arrives is decoded or refused, and what was decoded is
// the same frame after it was encoded and decoded again.
func FuzzDecode(f *testing.F) {
	for _, frame := range examples() {
		encoded, err := wire.Encode(frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add([]byte(`{"type":"agent.weather"}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := wire.Decode(b)
		if err != nil {
			require.Nil(t, frame)
			return
		}
		once, err := wire.Encode(frame)
		if err != nil {
			return // escapes made it too long
		}
		again, err := wire.Decode(once)
		require.NoError(t, err)
		require.Equal(t, frame.FrameType(), again.FrameType())
		twice, err := wire.Encode(again)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	})
}
