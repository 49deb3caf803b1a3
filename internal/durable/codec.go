package durable

import (
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"github.com/foyerhq/foyer/internal/seal"
)

const (
	encodingSealed = "binary/encrypted"
	metadataKeyID  = "encryption-key-id"
)

// codec seals payloads. It is safe for concurrent use. It does not compress: our
// payloads are short, and the length of a compressed text tells about the text.
type codec struct {
	ring  *seal.Keyring
	place string
}

// NewCodec returns the payload codec of a namespace: AES-256-GCM under a key derived
// from the deployment key, bound to the namespace, so that a payload carried into
// another one does not open there.
func NewCodec(ring *seal.Keyring, namespace string) converter.PayloadCodec {
	return &codec{ring: ring.Derive("temporal-payload"), place: "temporal:" + namespace}
}

// NewDataConverter returns the SDK's data converter with the codec around it.
func NewDataConverter(c converter.PayloadCodec) converter.DataConverter {
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
}

// Encode seals each payload whole, its metadata included.
func (c *codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		plain, err := proto.Marshal(payload)
		if err != nil {
			return nil, fmt.Errorf("durable: encode payload: %w", err)
		}
		sealed, err := c.ring.Seal(plain, c.place)
		if err != nil {
			return nil, err
		}
		return &commonpb.Payload{
			Metadata: map[string][]byte{
				converter.MetadataEncoding: []byte(encodingSealed),
				metadataKeyID:              []byte(c.ring.KeyID()), // for people: the sealed data says it too
			},
			Data: sealed,
		}, nil
	})
}

// Decode opens sealed payloads and passes others on.
func (c *codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	return each(payloads, func(payload *commonpb.Payload) (*commonpb.Payload, error) {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encodingSealed {
			return payload, nil
		}
		plain, err := c.ring.Open(payload.GetData(), c.place)
		if err != nil {
			return nil, err
		}
		opened := &commonpb.Payload{}
		if err := proto.Unmarshal(plain, opened); err != nil {
			return nil, fmt.Errorf("durable: decode payload: %w", err)
		}
		return opened, nil
	})
}

func each(payloads []*commonpb.Payload, do func(*commonpb.Payload) (*commonpb.Payload, error)) ([]*commonpb.Payload, error) {
	done := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		var err error
		if done[i], err = do(payload); err != nil {
			return nil, err
		}
	}
	return done, nil
}
