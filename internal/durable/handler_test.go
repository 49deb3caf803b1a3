package durable_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/foyerhq/foyer/internal/durable"
)

const uiOrigin = "http://127.0.0.1:8233"

func ask(t *testing.T, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	handler := http.StripPrefix("/codec", durable.CodecHandler(durable.NewCodec(keys(t, 1), "ns"), uiOrigin))
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	request.Header = header
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

func sealedBody(t *testing.T, fill byte) string {
	t.Helper()
	payloads, err := durable.NewDataConverter(durable.NewCodec(keys(t, fill), "ns")).ToPayloads("departs 17:00")
	require.NoError(t, err)
	body, err := protojson.Marshal(payloads)
	require.NoError(t, err)
	return string(body)
}

func TestHandlerDecodesForTheUI(t *testing.T) {
	t.Parallel()
	response := ask(t, http.MethodPost, "/codec/decode", sealedBody(t, 1), http.Header{"Origin": {uiOrigin}})
	require.Equal(t, http.StatusOK, response.Code)
	require.Equal(t, uiOrigin, response.Header().Get("Access-Control-Allow-Origin"))
	require.Equal(t, "no-store", response.Header().Get("Cache-Control"))
	var opened commonpb.Payloads
	require.NoError(t, protojson.Unmarshal(response.Body.Bytes(), &opened))
	var text string
	require.NoError(t, converter.GetDefaultDataConverter().FromPayload(opened.GetPayloads()[0], &text))
	require.Equal(t, "departs 17:00", text)
}

// The SDK's own remote codec is the second opinion on the protocol.
func TestHandlerServesTheSDKsClient(t *testing.T) {
	t.Parallel()
	codec := durable.NewCodec(keys(t, 1), "ns")
	server := httptest.NewServer(durable.CodecHandler(codec, uiOrigin))
	defer server.Close()
	remote := converter.NewRemotePayloadCodec(converter.RemotePayloadCodecOptions{Endpoint: server.URL, Client: *server.Client()})
	sealed, err := codec.Encode([]*commonpb.Payload{{Data: []byte("x")}, {Data: []byte("y")}})
	require.NoError(t, err)
	opened, err := remote.Decode(sealed)
	require.NoError(t, err)
	require.Equal(t, "y", string(opened[1].GetData()))
	_, err = remote.Encode(opened)
	require.Error(t, err, "it only decodes")
}

func TestHandlerPreflight(t *testing.T) {
	t.Parallel()
	response := ask(t, http.MethodOptions, "/codec/decode", "", http.Header{
		"Origin": {uiOrigin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type,x-namespace"},
	})
	require.Equal(t, http.StatusNoContent, response.Code)
	require.Equal(t, uiOrigin, response.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, response.Header().Get("Access-Control-Allow-Headers"), "X-Namespace")
}

func TestHandlerRefuses(t *testing.T) {
	t.Parallel()
	ui := http.Header{"Origin": {uiOrigin}}
	good := sealedBody(t, 1)
	for name, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
	}{
		"another origin":       {"POST", "/codec/decode", good, http.Header{"Origin": {"http://evil.example"}}, 403},
		"a longer origin":      {"POST", "/codec/decode", good, http.Header{"Origin": {uiOrigin + ".evil.example"}}, 403},
		"the null origin":      {"POST", "/codec/decode", good, http.Header{"Origin": {"null"}}, 403},
		"an empty origin":      {"POST", "/codec/decode", good, http.Header{"Origin": {""}}, 403},
		"two origins":          {"POST", "/codec/decode", good, http.Header{"Origin": {uiOrigin, uiOrigin}}, 403},
		"a foreign preflight":  {"OPTIONS", "/codec/decode", "", http.Header{"Origin": {"http://evil.example"}}, 403},
		"encoding":             {"POST", "/codec/encode", good, ui, 404},
		"reading by GET":       {"GET", "/codec/decode", "", ui, 405},
		"no JSON":              {"POST", "/codec/decode", "canary", ui, 400},
		"too much":             {"POST", "/codec/decode", strings.Repeat(" ", 5<<20), ui, 413},
		"sealed with another":  {"POST", "/codec/decode", sealedBody(t, 2), ui, 400},
		"no payloads but fine": {"POST", "/codec/decode", "{}", ui, 200},
	} {
		response := ask(t, c.method, c.path, c.body, c.header)
		require.Equal(t, c.status, response.Code, name)
		require.NotContains(t, response.Body.String(), "canary", name)
		if c.status == http.StatusForbidden {
			require.Empty(t, response.Header().Get("Access-Control-Allow-Origin"), name)
		}
	}
}
