package stack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/internal/durable"
	"github.com/foyerhq/foyer/internal/seal"
)

// Durable is a Temporal client with the deployment's codec.
func (s *Stack) Durable() client.Client {
	s.t.Helper()
	ring, err := seal.Parse(s.Key)
	require.NoError(s.t, err)
	c, err := durable.Dial(durable.Config{Address: s.Temporal.Address(), Namespace: "default", Keys: ring})
	require.NoError(s.t, err)
	s.t.Cleanup(c.Close)
	return c
}

// History is the visit's workflow history as an operator reads it: every event
// as JSON, payloads opened.
func (s *Stack) History(visit string) []map[string]any {
	s.t.Helper()
	return s.WorkflowHistory("visit-" + visit)
}

// WorkflowHistory is History of any workflow.
func (s *Stack) WorkflowHistory(id string) []map[string]any {
	s.t.Helper()
	ring, err := seal.Parse(s.Key)
	require.NoError(s.t, err)
	codec := durable.NewCodec(ring, "default")
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	events := s.Durable().GetWorkflowHistory(ctx, id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	var out []map[string]any
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(s.t, err)
		out = append(out, s.readable(ctx, event, codec.Decode))
	}
	return out
}

// readable opens an event's payloads and turns it into JSON.
func (s *Stack) readable(ctx context.Context, event *history.HistoryEvent, open func([]*common.Payload) ([]*common.Payload, error)) map[string]any {
	s.t.Helper()
	event = proto.CloneOf(event)
	require.NoError(s.t, proxy.VisitPayloads(ctx, event, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*common.Payload) ([]*common.Payload, error) {
			return open(payloads)
		},
	}))
	encoded, err := protojson.Marshal(event)
	require.NoError(s.t, err)
	var out map[string]any
	require.NoError(s.t, json.Unmarshal(encoded, &out))
	for key, value := range out {
		out[key] = opened(value)
	}
	return out
}

// opened replaces every payload by the text it holds.
func opened(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if data, ok := v["data"].(string); ok && v["metadata"] != nil {
			text, err := base64.StdEncoding.DecodeString(data)
			if err == nil {
				return string(text)
			}
		}
		for key, value := range v {
			v[key] = opened(value)
		}
	case []any:
		for i, value := range v {
			v[i] = opened(value)
		}
	}
	return v
}

// Text is a history as one text, for looking for words in it.
func Text(history []map[string]any) string {
	encoded, err := json.Marshal(history)
	if err != nil {
		panic(err) // it came from JSON
	}
	return strings.ReplaceAll(string(encoded), `\"`, `"`)
}

// PendingFailures is what the visit's waiting activities failed with last, in
// words, as the Temporal UI shows it.
func (s *Stack) PendingFailures(visit string) []string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	described, err := s.Durable().DescribeWorkflowExecution(ctx, "visit-"+visit, "")
	require.NoError(s.t, err)
	ring, err := seal.Parse(s.Key)
	require.NoError(s.t, err)
	failures := durable.NewFailureConverter(durable.NewDataConverter(durable.NewCodec(ring, "default")))
	var texts []string
	for _, pending := range described.GetPendingActivities() {
		if f := pending.GetLastFailure(); f != nil {
			texts = append(texts, failures.FailureToError(f).Error())
		}
	}
	return texts
}
