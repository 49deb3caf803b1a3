package nas

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
	"layeh.com/radius/vendors/microsoft"
)

// Guest is a device and the credentials that were typed into it.
type Guest struct {
	MAC      string     // sent as Calling-Station-Id in this very spelling
	IP       netip.Addr // Framed-IP-Address; the zero Addr sends none
	Username string
	Password string
	Method   Method
	// Reconnects makes the device behave like most do: cut off by a
	// Disconnect, it logs in again at once with the same credentials.
	Reconnects bool
	// Response answers Challenge in place of the password, with Method CHAP: what a
	// gateway relays that has not seen the password. 16 octets, of identifier 0, or 17
	// that begin with another.
	Challenge, Response []byte
}

// LoginResult is the server's answer.
type LoginResult struct {
	Accepted          bool
	SessionTimeout    time.Duration // 0 = none was sent
	TerminationAction uint32        // 1 = authenticate again at Session-Timeout
	Class             [][]byte
	ReplyMessage      string
	MSCHAPError       string // of a Reject, without its ident
	AcctSessionID     string // of the session that an Accept opened
	RTT               time.Duration
}

// Refusals of a login before anything is sent, for errors.Is.
var (
	ErrGuest   = errors.New("the guest cannot log in") // its message says why
	ErrStopped = errors.New("the NAS is not running, or was started anew meanwhile")
	ErrFull    = errors.New("the NAS holds its maximum of sessions")
)

// terms are what an Accept grants.
type terms struct {
	timeout  time.Duration
	again    bool // Termination-Action RADIUS-Request
	username string
	class    [][]byte
	state    []byte
	interim  time.Duration
}

// Login authenticates a guest; an Accept opens a session, and ends one that
// the device had before, and so does a Reject. Errors: ErrGuest, ErrStopped,
// ErrFull, ErrBusy, ErrNoAnswer; ErrMalformed, ErrAuthenticator,
// ErrMessageAuthenticator and ErrMutual for an answer that must not be
// believed; the cause of ctx.
func (n *NAS) Login(ctx context.Context, g Guest) (LoginResult, error) {
	mac, err := canonicalMAC(g.MAC)
	if err != nil {
		return LoginResult{}, err
	}
	r, err := n.running()
	if err != nil {
		return LoginResult{}, err
	}
	if err := n.awaitBoot(ctx); err != nil {
		return LoginResult{}, err
	}
	s, err := n.newSession(r, g, mac)
	if err != nil {
		return LoginResult{}, err
	}
	result, granted, err := s.authenticate(ctx, nil)
	if err != nil {
		return result, err
	}
	if before := n.lookup(mac); before != nil {
		before.end(before.afterLogin(result.Accepted), true)
	}
	if result.Accepted {
		result.AcctSessionID = s.id
		err = s.open(granted) //nolint:contextcheck // a session outlives the login that opened it
	}
	return result, err
}

// authenticate performs one exchange for the session's guest. state comes from
// the Accept that asked for re-authentication (RFC 2865 section 5.29).
func (s *session) authenticate(ctx context.Context, state []byte) (LoginResult, terms, error) {
	p, check, err := s.accessRequest(state)
	if err != nil {
		return LoginResult{}, terms{}, err
	}
	answer, rtt, err := s.run.askAuth(ctx, p)
	if err != nil {
		return LoginResult{RTT: rtt}, terms{}, fmt.Errorf("nas: login: %w", err)
	}
	reply, err := s.believe(answer, p, check)
	if err != nil {
		s.nas.journal.packet(EventInvalid, s.run.auth.server.String(), answer, err.Error())
		return LoginResult{RTT: rtt}, terms{}, fmt.Errorf("nas: login: %w", err)
	}
	s.nas.journal.packet(EventReceived, s.run.auth.server.String(), answer, "")
	return readResult(reply, rtt), readTerms(reply), nil
}

// askAuth performs an Access-Request's exchange. It ends with ctx, and when the
// NAS stops.
func (r *run) askAuth(ctx context.Context, p *radius.Packet) ([]byte, time.Duration, error) {
	q := r.request(r.auth, r.nas.cfg.Tries)
	q.compose = func(id byte, _ time.Duration) ([]byte, error) {
		p.Identifier = id
		return encode(p)
	}
	if err := q.start(); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(r.ctx, func() { cancel(ErrStopped) })() //nolint:contextcheck // the run's end is a second reason to stop
	defer cancel(nil)
	answer, err := q.wait(ctx)
	return answer, time.Since(q.startAt), err
}

func (s *session) accessRequest(state []byte) (*radius.Packet, func(*radius.Packet) error, error) {
	cfg, g := &s.nas.cfg, s.guest
	prove, ok := proofs[g.Method]
	if !ok {
		return nil, nil, fmt.Errorf("%w: unknown method %q", ErrGuest, g.Method)
	}
	random, err := randomBytes(cfg.Rand, 16)
	if err != nil {
		return nil, nil, err
	}
	p := &radius.Packet{Code: radius.CodeAccessRequest, Secret: cfg.Secret, Authenticator: [16]byte(random)}
	if cfg.SendMessageAuthenticator {
		addMessageAuthenticator(p)
	}
	if err := rfc2865.UserName_SetString(p, g.Username); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrGuest, err)
	}
	check, err := prove(p, g, cfg.Rand)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrGuest, err)
	}
	s.describe(p)
	if state != nil {
		p.Add(rfc2865.State_Type, state)
	}
	return p, check, nil
}

// believe verifies an answer; only what it returns may be acted on.
func (s *session) believe(answer []byte, request *radius.Packet, check func(*radius.Packet) error) (*radius.Packet, error) {
	b, err := trim(answer)
	if err != nil {
		return nil, err
	}
	secret := s.nas.cfg.Secret
	if err := checkAuthenticator(b, request.Authenticator, secret); err != nil {
		return nil, err
	}
	if _, first, err := checkMessageAuthenticator(b, request.Authenticator, secret); err != nil || !first {
		return nil, ErrMessageAuthenticator
	}
	reply, err := radius.Parse(b, secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	reply.Authenticator = request.Authenticator
	switch reply.Code {
	case radius.CodeAccessAccept:
		return reply, check(reply)
	case radius.CodeAccessReject:
		return reply, nil
	default:
		return nil, fmt.Errorf("%w: %v in answer to an Access-Request", ErrMalformed, reply.Code)
	}
}

func readResult(p *radius.Packet, rtt time.Duration) LoginResult {
	result := LoginResult{
		Accepted:          p.Code == radius.CodeAccessAccept,
		SessionTimeout:    time.Duration(rfc2865.SessionTimeout_Get(p)) * time.Second,
		TerminationAction: uint32(rfc2865.TerminationAction_Get(p)),
		ReplyMessage:      rfc2865.ReplyMessage_GetString(p),
		Class:             classes(p),
		RTT:               rtt,
	}
	if text := microsoft.MSCHAPError_Get(p); len(text) > 0 {
		result.MSCHAPError = string(text[1:])
	}
	return result
}

func readTerms(p *radius.Packet) terms {
	return terms{
		timeout:  time.Duration(rfc2865.SessionTimeout_Get(p)) * time.Second,
		again:    rfc2865.TerminationAction_Get(p) == rfc2865.TerminationAction_Value_RADIUSRequest,
		username: rfc2865.UserName_GetString(p),
		class:    classes(p),
		state:    rfc2865.State_Get(p),
		interim:  time.Duration(rfc2869.AcctInterimInterval_Get(p)) * time.Second,
	}
}

// classes copies every Class attribute; accounting returns them unchanged
// (RFC 2865 section 5.25).
func classes(p *radius.Packet) [][]byte {
	var list [][]byte
	for _, avp := range p.Attributes {
		if avp.Type == rfc2865.Class_Type {
			list = append(list, avp.Attribute)
		}
	}
	return list
}

// afterLogin is why a device's former session ends when it logs in again.
func (s *session) afterLogin(accepted bool) rfc2866.AcctTerminateCause {
	if accepted {
		return rfc2866.AcctTerminateCause_Value_LostCarrier
	}
	return causeReauthentication
}
