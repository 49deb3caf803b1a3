// Package wire holds the frames that the hub and an agent exchange over their
// WebSocket, as docs/protocol.md tells them.
//
// A frame is one JSON object in one text message. Its "type" names the struct;
// the rest are that struct's fields. Fields and frames are only ever added, and
// unknown ones are ignored, so that an old agent follows a new hub and the
// other way round. The protocol version travels in [Hello].
//
// Frames carry guests' passwords and NAS secrets in clear: the link is TLS 1.3
// with certificates on both sides, and nothing here is ever logged.
package wire
