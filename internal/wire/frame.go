package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Version is the protocol's version, sent in Hello.
const Version = 1

// MaxFrame is the largest frame in octets that either side reads or sends.
// Anything longer, a snapshot or a batch of reports, is sent in parts.
const MaxFrame = 256 << 10

// Type names a frame.
type Type string

// The frames. Down is hub to agent, up is agent to hub.
const (
	TypeHello            Type = "agent.hello"        // up, first
	TypeAck              Type = "agent.ack"          // up: ledger entries applied and on disk
	TypeReport           Type = "agent.report"       // up: records from the journal
	TypeStats            Type = "agent.stats"        // up
	TypeRenew            Type = "agent.renew"        // up: a certificate request
	TypeCertificate      Type = "agent.certificate"  // down: the answer
	TypeChallenge        Type = "agent.challenge"    // down, first, behind TLS-terminating proxies
	TypeProof            Type = "agent.proof"        // up: the answer
	TypeVoucherCreate    Type = "voucher.create"     // down
	TypeVoucherUpdate    Type = "voucher.update"     // down
	TypeVoucherRevoke    Type = "voucher.revoke"     // down
	TypeGrantPut         Type = "grant.put"          // down
	TypeGrantDrop        Type = "grant.drop"         // down
	TypeNASPut           Type = "nas.put"            // down
	TypeNASDrop          Type = "nas.drop"           // down
	TypeZonePut          Type = "zone.put"           // down
	TypeZoneDrop         Type = "zone.drop"          // down
	TypeRollPut          Type = "roll.put"           // down
	TypeRollDrop         Type = "roll.drop"          // down
	TypeRollCodes        Type = "roll.codes"         // down
	TypeRollUsage        Type = "roll.usage"         // down
	TypeSnapshot         Type = "ledger.snapshot"    // down
	TypeResume           Type = "ledger.resume"      // down
	TypeSessionTerminate Type = "session.terminate"  // down
	TypeDisconnect       Type = "session.disconnect" // down
	TypeSessionReport    Type = "session.report"     // down: open sessions other agents reported
	TypeReportAck        Type = "report.ack"         // down: records are stored
	TypePresenceSnapshot Type = "presence.snapshot"  // down: who may be in the building, for when the link is cut
	TypeNASTest          Type = "nas.test"           // down: try a NAS
	TypeNASTested        Type = "nas.tested"         // up: the answer
)

// Frame is implemented by every frame's struct.
type Frame interface{ FrameType() Type }

// ErrUnknownType is returned by Decode for frames of a newer peer; receivers
// count and skip them.
var ErrUnknownType = errors.New("unknown frame type")

// Encode returns f as one JSON object with its type.
func Encode(f Frame) ([]byte, error) {
	body, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", f.FrameType(), err)
	}
	head := fmt.Appendf(nil, `{"type":%q`, string(f.FrameType()))
	if len(body) > len("{}") {
		head = append(head, ',')
	}
	frame := slices.Concat(head, body[1:])
	if len(frame) > MaxFrame {
		return nil, fmt.Errorf("encode %s: %d octets exceed %d", f.FrameType(), len(frame), MaxFrame)
	}
	return frame, nil
}

// Decode returns the frame in b. Errors never quote b, which may hold secrets.
func Decode(b []byte) (Frame, error) {
	if len(b) > MaxFrame {
		return nil, fmt.Errorf("frame of %d octets exceeds %d", len(b), MaxFrame)
	}
	var head struct {
		Type Type `json:"type"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, errors.New("frame is not a JSON object with a type")
	}
	f := newFrame(head.Type)
	if f == nil {
		return nil, ErrUnknownType
	}
	if err := json.Unmarshal(b, f); err != nil {
		return nil, fmt.Errorf("frame %s does not decode", head.Type)
	}
	return f, nil
}

func newFrame(t Type) Frame {
	switch t {
	case TypeHello:
		return new(Hello)
	case TypeAck:
		return new(Ack)
	case TypeReport:
		return new(Report)
	case TypeStats:
		return new(Stats)
	case TypeRenew:
		return new(Renew)
	case TypeCertificate:
		return new(Certificate)
	case TypeChallenge:
		return new(Challenge)
	case TypeProof:
		return new(Proof)
	case TypeVoucherCreate, TypeVoucherUpdate, TypeVoucherRevoke,
		TypeGrantPut, TypeGrantDrop, TypeNASPut, TypeNASDrop,
		TypeZonePut, TypeZoneDrop, TypeRollPut, TypeRollDrop, TypeRollCodes, TypeRollUsage:
		return &Entry{Type: t}
	case TypeSnapshot:
		return new(Snapshot)
	case TypeResume:
		return new(Resume)
	case TypeSessionTerminate:
		return new(SessionTerminate)
	case TypeDisconnect:
		return &SessionTerminate{Only: true}
	case TypeSessionReport:
		return new(SessionReport)
	case TypeReportAck:
		return new(ReportAck)
	case TypePresenceSnapshot:
		return new(PresenceSnapshot)
	case TypeNASTest:
		return new(NASTest)
	case TypeNASTested:
		return new(NASTested)
	}
	return nil
}
