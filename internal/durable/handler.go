package durable

import (
	"errors"
	"io"
	"net/http"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
)

// maxCodecBody bounds a request to the codec endpoint. The UI sends the payloads
// of one history event at a time.
const maxCodecBody = 4 << 20

// CodecHandler lets the Temporal UI show sealed payloads: POST <mount>/decode, as
// the UI's codec endpoint expects it. It cannot encode. Browsers are answered only
// from the one origin given, compared exactly; callers that send no Origin are not
// browsers, and are for whatever stands in front (a loopback bind, or a login) to
// judge. Mount it with http.StripPrefix.
func CodecHandler(c converter.PayloadCodec, origin string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("OPTIONS /decode", http.HandlerFunc(preflight))
	mux.Handle("POST /decode", decodeHandler{c})
	return oneOrigin(mux, origin)
}

// oneOrigin refuses other origins before anything is read.
func oneOrigin(next http.Handler, origin string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Origin")
		w.Header().Set("Cache-Control", "no-store")
		if from := r.Header.Values("Origin"); len(from) > 0 {
			if len(from) != 1 || from[0] != origin {
				http.Error(w, "origin not allowed", http.StatusForbidden)
				return
			}
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		next.ServeHTTP(w, r)
	})
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "POST")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type, X-Namespace, Authorization")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

type decodeHandler struct{ codec converter.PayloadCodec }

// ServeHTTP answers with the opened payloads. The texts of errors are fixed: what
// failed to open is nobody's business.
func (h decodeHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCodecBody))
	if err != nil {
		status := http.StatusBadRequest
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "request not readable", status)
		return
	}
	var request commonpb.Payloads
	if err := protojson.Unmarshal(body, &request); err != nil {
		http.Error(w, "not a list of payloads", http.StatusBadRequest)
		return
	}
	opened, err := h.codec.Decode(request.GetPayloads())
	if err != nil {
		http.Error(w, "a payload does not open with this deployment's keys", http.StatusBadRequest)
		return
	}
	answer, err := protojson.Marshal(&commonpb.Payloads{Payloads: opened})
	if err != nil {
		http.Error(w, "answer not writable", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // a caller that has gone needs no answer
}
