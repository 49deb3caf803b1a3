// Package cliext stands in for the package of the same path, which the
// Temporal CLI keeps as a module without a version of its own: only a build
// inside the CLI's repository finds it. It gives the CLI its flags and its
// client options; the dev server, which is what we build the CLI for, takes
// nothing else from here.
//
// Where it is simpler than the original: TLS files and gRPC headers are set by
// the environment (TEMPORAL_TLS_…, TEMPORAL_GRPC_META_…) or a profile and have
// no flags, and payloads are shown as they are stored, without a codec server.
package cliext
