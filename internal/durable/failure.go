package durable

import (
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// failureConverter keeps the sealed form of a failure intact while reading it.
type failureConverter struct{ converter.FailureConverter }

// NewFailureConverter returns the SDK's failure converter with messages and stack
// traces sealed by data.
//
// The SDK's own (v1.50.0) opens a failure in place, and for a local activity it
// opens the very failure that it then sends as the marker: message and stack trace
// would stand in the history in clear, beside their sealed form. Reading a copy
// mends that.
func NewFailureConverter(data converter.DataConverter) converter.FailureConverter {
	return failureConverter{temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: true,
	})}
}

// FailureToError returns the error that failure stands for and leaves failure as it is.
func (c failureConverter) FailureToError(failure *failurepb.Failure) error {
	return c.FailureConverter.FailureToError(proto.CloneOf(failure))
}
