// Package durable is the plumbing between Foyer and Temporal: the client, the
// payload codec and its endpoint for the Temporal UI, logs and metrics of the SDK,
// search attributes and the namespace.
//
// # What Temporal may see
//
// Workflows put only ids and instants into payloads, summaries and failures. The
// codec is the second fence: everything that passes the data converter is sealed
// with a key derived from the deployment key and bound to the namespace. That is
// arguments, results, signals, queries, updates, heartbeats, memos, headers of our
// own, and the user metadata (static summary, static details, summaries of timers
// and activities, current details); failures join them through
// [NewFailureConverter], so that messages and stack traces read "Encoded failure".
//
// In clear remain: workflow ids, type names, task queues, timings, search
// attributes, the worker's identity, and the type name of an application error.
//
// The Temporal UI shows sealed values, summaries included, once its codec endpoint
// is set to where [CodecHandler] is mounted; without it the operator sees where a
// visit stands (ids, search attributes, event types) and no text.
//
// Logs are not sealed: the SDK logs the text of an activity's error, so error texts
// hold no personal data, as everywhere. The values of panics, which nobody
// composes, are left out.
//
// Payloads that are not sealed are read as they are, so that an operator can send
// a signal by hand. The fence is against reading, not against operators.
package durable
