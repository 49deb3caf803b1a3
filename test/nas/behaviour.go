package nas

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Answer is what the DAS does with a valid Disconnect-Request.
type Answer string

// The answers. Names are interface of the control API.
const (
	// Honest ends the matching sessions and says ACK, or NAKs with the reason.
	Honest Answer = "honest"
	// NAK refuses with ErrorCause, whatever was asked.
	NAK Answer = "nak"
	// Drop says nothing; a retransmission counts as a new request.
	Drop Answer = "drop"
	// Lie says ACK, whatever was asked, and does nothing: the guest stays
	// online, accounting goes on.
	Lie Answer = "lie"
	// ACKWithoutStop is Honest, but no Accounting-Stop follows.
	ACKWithoutStop Answer = "ack_without_stop"
	// BadAuthenticator is a Lie that is not even signed right, as if somebody
	// else had sent it; a retransmission counts as a new request.
	BadAuthenticator Answer = "bad_authenticator"
)

var answers = []Answer{Honest, NAK, Drop, Lie, ACKWithoutStop, BadAuthenticator}

// Behaviour is one step of a script. The zero value is Honest, for good.
type Behaviour struct {
	Answer     Answer
	ErrorCause uint32        // for NAK; 0 sends none
	Times      int           // how many requests it is for; 0 = all that follow
	Delay      time.Duration // before anything happens; repeats meanwhile are dropped
}

// maxDelay bounds how long a request is held.
const maxDelay = 5 * time.Minute

// ErrBehaviour says that a script cannot be followed; its message says why.
var ErrBehaviour = errors.New("invalid behaviour")

func (b Behaviour) validate() error {
	switch {
	case b.Answer != "" && !slices.Contains(answers, b.Answer):
		return fmt.Errorf("%w: unknown answer %q", ErrBehaviour, b.Answer)
	case b.Times < 0:
		return fmt.Errorf("%w: times is negative", ErrBehaviour)
	case b.Delay < 0 || b.Delay > maxDelay:
		return fmt.Errorf("%w: delay is not between 0 and %v", ErrBehaviour, maxDelay)
	case b.ErrorCause != 0 && b.Answer != NAK:
		return fmt.Errorf("%w: only a nak has an error cause", ErrBehaviour)
	}
	return nil
}

// Script sets how the next Disconnect-Requests are answered, step by step, and
// replaces what was left of the former script. After its end, and without any
// step, the NAS is honest.
func (n *NAS) Script(steps ...Behaviour) error {
	for _, step := range steps {
		if err := step.validate(); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.script = slices.Clone(steps)
	return nil
}

// nextBehaviour takes one request's worth from the script.
func (n *NAS) nextBehaviour() Behaviour {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.script) == 0 {
		return Behaviour{Answer: Honest}
	}
	step := n.script[0]
	switch step.Times {
	case 0:
	case 1:
		n.script = n.script[1:]
	default:
		n.script[0].Times--
	}
	return step
}

// Policy is how strict the DAS is. The zero value is a careful NAS.
type Policy struct {
	// Requests without these are dropped unless told otherwise; wrong ones
	// always are.
	WithoutMessageAuthenticator bool `json:"without_message_authenticator"`
	WithoutEventTimestamp       bool `json:"without_event_timestamp"`
	// Unsupported attribute types get NAK 401, beside those that have no place
	// in a Disconnect-Request at all. hostapd adds 8, Framed-IP-Address.
	Unsupported []uint8 `json:"unsupported"`
	// SingleSession answers NAK 508 where several sessions match, instead of
	// ending them all.
	SingleSession bool `json:"single_session"`
	// StopFirst sends the Accounting-Stop before the ACK.
	StopFirst bool `json:"stop_first"`
}

// SetPolicy applies from the next request on.
func (n *NAS) SetPolicy(p Policy) {
	p.Unsupported = slices.Clone(p.Unsupported)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.policy = p
}

func (n *NAS) currentPolicy() Policy {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.policy
}
