package nas

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"layeh.com/radius/rfc2866"
)

// Session is a snapshot of one device's session.
type Session struct {
	AcctSessionID     string
	MAC               string // as the guest spelt it
	IP                netip.Addr
	Username          string // as accounting reports it: the Accept's, else the guest's
	Method            Method
	StartedAt         time.Time
	EndsAt            time.Time // zero without a Session-Timeout
	Reauthenticates   bool      // at EndsAt, instead of ending
	Class             [][]byte
	Interim           time.Duration // 0 = none
	Uploaded          uint64        // octets
	Downloaded        uint64
	Reauthentications int // that were accepted
}

// session is a device's session; it lives in NAS.sessions from open to end.
type session struct {
	nas   *NAS
	run   *run
	guest Guest
	mac   string // canonical
	id    string // Acct-Session-Id
	port  uint32
	boot  int // NAS.boots at its login

	mu        sync.Mutex // guards the fields below and keeps its accounting in order
	cancel    context.CancelFunc
	ended     bool
	granted   terms
	grantedAt time.Time
	startedAt time.Time
	renewals  int
}

// newSession prepares a session that open makes visible after an Accept.
func (n *NAS) newSession(r *run, g Guest, mac string) (*session, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.sessions) >= n.cfg.MaxSessions && n.sessions[mac] == nil {
		return nil, ErrFull
	}
	n.lastID++
	return &session{
		nas: n, run: r, guest: g, mac: mac,
		port: n.lastID, id: fmt.Sprintf("%08X", n.lastID), boot: n.boots,
	}, nil
}

// open starts the session. Two logins of one device at the same time leave one
// session: the later.
func (s *session) open(granted terms) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.nas.cfg.Now()
	s.granted, s.grantedAt, s.startedAt = granted, now, now
	rival, err := s.enter()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.run.ctx)
	s.cancel = cancel
	if rival != nil {
		rival.end(rfc2866.AcctTerminateCause_Value_LostCarrier, true)
	}
	s.account(rfc2866.AcctStatusType_Value_Start, 0)
	if !s.run.spawn(func() { s.live(ctx) }) {
		cancel()
		return ErrStopped
	}
	return nil
}

// enter puts the session into the table and returns one it displaced there.
func (s *session) enter() (*session, error) {
	n := s.nas
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run != s.run || n.boots != s.boot {
		return nil, ErrStopped
	}
	rival := n.sessions[s.mac]
	n.sessions[s.mac] = s
	n.announce()
	n.journal.add(Event{Kind: EventOnline, AcctSessionID: s.id})
	return rival, nil
}

// end ends the session and says whether this call did it. With stop, an
// Accounting-Stop leaves before end returns.
func (s *session) end(cause rfc2866.AcctTerminateCause, stop bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.startedAt.IsZero() {
		return false
	}
	s.ended = true
	s.cancel()
	s.leave(cause)
	if stop {
		s.account(rfc2866.AcctStatusType_Value_Stop, cause)
	}
	return true
}

func (s *session) leave(cause rfc2866.AcctTerminateCause) {
	n := s.nas
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.sessions[s.mac] == s {
		delete(n.sessions, s.mac)
	}
	n.announce()
	n.journal.add(Event{Kind: EventOffline, AcctSessionID: s.id, Note: causeName(cause)})
}

// live keeps the session's timers until ctx, and so the session, ends.
// Re-authentications do not disturb the rhythm of the Interim-Updates.
func (s *session) live(ctx context.Context) {
	s.mu.Lock()
	interim := s.interimEvery()
	s.mu.Unlock()
	updates, stop := every(interim)
	defer stop()
	for s.serveTerms(ctx, updates) {
	}
}

// serveTerms waits for the end of one Accept's terms, and reports whether new
// ones hold.
func (s *session) serveTerms(ctx context.Context, updates <-chan time.Time) bool {
	s.mu.Lock()
	timeout := s.granted.timeout
	s.mu.Unlock()
	end, stop := after(timeout)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-updates:
			s.update()
		case <-end:
			return s.timedOut(ctx)
		}
	}
}

func (s *session) update() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.account(rfc2866.AcctStatusType_Value_InterimUpdate, 0)
	}
}

// timedOut ends the session, or renews it by a silent re-authentication. A NAS
// that gets no answer has nobody who vouches for the guest: the session ends.
func (s *session) timedOut(ctx context.Context) bool {
	s.mu.Lock()
	again, state := s.granted.again, s.granted.state
	s.mu.Unlock()
	if !again {
		s.end(rfc2866.AcctTerminateCause_Value_SessionTimeout, true)
		return false
	}
	result, granted, err := s.authenticate(ctx, state)
	if err != nil || !result.Accepted {
		s.end(causeReauthentication, true)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.granted, s.grantedAt = granted, s.nas.cfg.Now()
	s.renewals++
	return !s.ended
}

// interimEvery follows RFC 2869 section 5.16: local configuration overrides
// the server's wish. s.mu is held.
func (s *session) interimEvery() time.Duration {
	if s.nas.cfg.Interim > 0 {
		return s.nas.cfg.Interim
	}
	return s.granted.interim
}

// snapshot is the session as others may see it.
func (s *session) snapshot() Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	up, down := s.traffic()
	view := Session{
		AcctSessionID: s.id, MAC: s.guest.MAC, IP: s.guest.IP, Username: s.username(), Method: s.guest.Method,
		StartedAt: s.startedAt, Reauthenticates: s.granted.again, Class: s.granted.class,
		Interim: s.interimEvery(), Uploaded: up, Downloaded: down, Reauthentications: s.renewals,
	}
	if s.granted.timeout > 0 {
		view.EndsAt = s.grantedAt.Add(s.granted.timeout)
	}
	return view
}

// username is what accounting reports: the Accept's User-Name if it had one
// (RFC 2865 section 5.1). s.mu is held.
func (s *session) username() string {
	if s.granted.username != "" {
		return s.granted.username
	}
	return s.guest.Username
}

// traffic is what the device has sent and received so far, in octets. It only
// grows. s.mu is held.
func (s *session) traffic() (up, down uint64) {
	seconds := uint64(s.age() / time.Second)
	up = seconds * s.nas.cfg.BytesPerSecond
	return up, 4 * up
}

// age is never negative, whatever the NAS's clock does. s.mu is held.
func (s *session) age() time.Duration {
	return max(0, s.nas.cfg.Now().Sub(s.startedAt))
}

// Online returns the open sessions, ordered by Acct-Session-Id.
func (n *NAS) Online() []Session {
	all := n.all()
	list := make([]Session, len(all))
	for i, s := range all {
		list[i] = s.snapshot()
	}
	return list
}

// Session returns the session of a device, in any spelling of its MAC.
func (n *NAS) Session(mac string) (Session, bool) {
	canonical, err := canonicalMAC(mac)
	if err != nil {
		return Session{}, false
	}
	s := n.lookup(canonical)
	if s == nil {
		return Session{}, false
	}
	return s.snapshot(), true
}

// Logout ends a device's session with a Stop, cause User-Request, and reports
// whether there was one.
func (n *NAS) Logout(mac string) bool {
	canonical, err := canonicalMAC(mac)
	if err != nil {
		return false
	}
	s := n.lookup(canonical)
	return s != nil && s.end(rfc2866.AcctTerminateCause_Value_UserRequest, true)
}

// WaitOffline returns nil when the device has no session, and the cause of ctx
// when that takes too long.
func (n *NAS) WaitOffline(ctx context.Context, mac string) error {
	canonical, err := canonicalMAC(mac)
	if err != nil {
		return err
	}
	for {
		n.mu.Lock()
		_, online := n.sessions[canonical]
		changed := n.changed
		n.mu.Unlock()
		if !online {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// canonicalMAC is twelve lower-case hex digits, from any spelling with
// colons, hyphens, dots or nothing between them.
func canonicalMAC(spelt string) (string, error) {
	digits := strings.NewReplacer(":", "", "-", "", ".", "").Replace(strings.ToLower(spelt))
	if len(digits) != 12 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%w: its MAC address is not one", ErrGuest)
	}
	return digits, nil
}

// after is a timer that never fires for 0.
func after(d time.Duration) (<-chan time.Time, func()) {
	if d <= 0 {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// every is a ticker that never fires for 0.
func every(d time.Duration) (<-chan time.Time, func()) {
	if d <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(d)
	return t.C, t.Stop
}
