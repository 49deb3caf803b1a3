package durable_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/seal"
)

const canary = "canary-Ada.Lovelace@example.org"

func keys(t testing.TB, fill ...byte) *seal.Keyring {
	t.Helper()
	var texts []string
	for _, b := range fill {
		texts = append(texts, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, seal.KeySize)))
	}
	ring, err := seal.Parse(strings.Join(texts, ","))
	require.NoError(t, err)
	return ring
}

// readable reports whether dump holds the canary in a form that a search would try,
// also inside base64 at any of its three alignments.
func readable(dump, secret string) bool {
	forms := []string{secret, hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)}
	for shift := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		forms = append(forms, encoded[4:len(encoded)-4]) // the ends depend on the neighbours
	}
	for _, form := range forms {
		if strings.Contains(dump, form) {
			return true
		}
	}
	return false
}

func dump(t testing.TB, message proto.Message) string {
	t.Helper()
	text, err := protojson.Marshal(message)
	require.NoError(t, err)
	binary, err := proto.Marshal(message)
	require.NoError(t, err)
	return string(text) + "\n" + string(binary)
}

func TestCodecHidesWhatTheDefaultShows(t *testing.T) {
	t.Parallel()
	sealed := durable.NewDataConverter(durable.NewCodec(keys(t, 1), "ns"))
	for name, c := range map[string]struct {
		data converter.DataConverter
		seen bool
	}{
		"codec on":                    {sealed, false},
		"negative control, codec off": {converter.GetDefaultDataConverter(), true},
	} {
		for kind, value := range map[string]any{
			"struct": struct{ Name string }{canary}, "string": canary, "bytes": []byte(canary),
		} {
			payloads, err := c.data.ToPayloads(value)
			require.NoError(t, err)
			require.Equal(t, c.seen, readable(dump(t, payloads), canary), "%s, %s", name, kind)
		}
	}
}

func TestFailuresAreSealed(t *testing.T) {
	t.Parallel()
	sealed := durable.NewDataConverter(durable.NewCodec(keys(t, 1), "ns"))
	cause := errors.New("caused by " + canary)
	failed := temporal.NewApplicationErrorWithCause("failed for "+canary, "refused", cause, canary)
	for name, c := range map[string]struct {
		converter converter.FailureConverter
		seen      bool
	}{
		"ours": {durable.NewFailureConverter(sealed), false},
		"negative control, common attributes in clear": {temporal.NewDefaultFailureConverter(
			temporal.DefaultFailureConverterOptions{DataConverter: sealed}), true},
	} {
		failure := c.converter.ErrorToFailure(failed)
		require.Equal(t, c.seen, readable(dump(t, failure), canary), name)
		require.ErrorContains(t, c.converter.FailureToError(failure), canary)
		require.Equal(t, c.seen, readable(dump(t, failure), canary), "%s, after it was read", name)
	}
	require.NoError(t, durable.NewFailureConverter(sealed).FailureToError(nil))
}

func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	data := durable.NewDataConverter(durable.NewCodec(keys(t, 1), "ns"))
	payloads, err := data.ToPayloads("text", 7, nil, []byte{0, 1}, map[string]int{"a": 1})
	require.NoError(t, err)
	for _, payload := range payloads.GetPayloads() {
		require.Equal(t, "binary/encrypted", string(payload.GetMetadata()["encoding"]))
		require.Equal(t, keys(t, 1).KeyID(), string(payload.GetMetadata()["encryption-key-id"]))
	}
	var (
		text  string
		n     int
		none  *string
		bytes []byte
		names map[string]int
	)
	require.NoError(t, data.FromPayloads(payloads, &text, &n, &none, &bytes, &names))
	require.Equal(t, "text", text)
	require.Equal(t, 7, n)
	require.Nil(t, none)
	require.Equal(t, []byte{0, 1}, bytes)
	require.Equal(t, map[string]int{"a": 1}, names)
}

func TestCodecIsBoundToNamespaceAndKey(t *testing.T) {
	t.Parallel()
	plain := []*commonpb.Payload{{Data: []byte("x")}}
	sealed, err := durable.NewCodec(keys(t, 1), "ns").Encode(plain)
	require.NoError(t, err)

	_, err = durable.NewCodec(keys(t, 1), "other").Decode(sealed)
	require.ErrorIs(t, err, seal.ErrRefused)
	_, err = durable.NewCodec(keys(t, 2), "ns").Decode(sealed)
	require.ErrorIs(t, err, seal.ErrUnknownKey)
	opened, err := durable.NewCodec(keys(t, 2, 1), "ns").Decode(sealed)
	require.NoError(t, err, "a rotated key still opens")
	require.True(t, proto.Equal(plain[0], opened[0]))

	_, err = keys(t, 1).Open(sealed[0].GetData(), "temporal:ns")
	require.ErrorIs(t, err, seal.ErrRefused, "the codec's key is its own")
}

func TestCodecLeavesItsInputAndForeignPayloadsAlone(t *testing.T) {
	t.Parallel()
	codec := durable.NewCodec(keys(t, 1), "ns")
	input := &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"x"`)}
	before := proto.CloneOf(input)
	_, err := codec.Encode([]*commonpb.Payload{input})
	require.NoError(t, err)
	require.True(t, proto.Equal(before, input))

	passed, err := codec.Decode([]*commonpb.Payload{input})
	require.NoError(t, err)
	require.Same(t, input, passed[0])
}
