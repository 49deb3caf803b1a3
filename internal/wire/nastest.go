package wire

import "github.com/foyerhq/foyer/internal/visit"

// NASTest asks the agent to find out, from where it stands, whether it and a NAS
// understand each other. It is sent only to agents whose Hello takes it, and is
// answered by a NASTested with the same ID within WithinMS, or not at all.
type NASTest struct {
	ID       string      `json:"id"`
	NASID    visit.NASID `json:"nas_id"`
	WithinMS int         `json:"within_ms"`
}

// FrameType implements Frame.
func (*NASTest) FrameType() Type { return TypeNASTest }

// NASTested answers NASTest.
type NASTested struct {
	ID     string          `json:"id"`
	Report visit.NASReport `json:"report"`
}

// FrameType implements Frame.
func (*NASTested) FrameType() Type { return TypeNASTested }
