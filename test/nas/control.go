package nas

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"
)

// maxBody bounds a request to the control API.
const maxBody = 64 << 10

// ControlHandler serves the control API that the package comment describes.
func (n *NAS) ControlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", n.serveLogin)
	mux.HandleFunc("POST /logout", n.serveLogout)
	mux.HandleFunc("POST /reboot", n.serveReboot)
	mux.HandleFunc("POST /behaviour", n.serveBehaviour)
	mux.HandleFunc("GET /sessions", n.serveSessions)
	mux.HandleFunc("GET /events", n.serveEvents)
	return guard(mux)
}

// guard keeps out web pages: a name that was rebound to this machine by its
// Host, a form of another site by its content type, which no form can send.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case !loopbackHost(r.Host):
			refuse(w, http.StatusForbidden, errors.New("only for loopback"))
		case r.Method == http.MethodPost && kind != "application/json":
			refuse(w, http.StatusUnsupportedMediaType, errors.New("the body must be application/json"))
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			next.ServeHTTP(w, r)
		}
	})
}

// loopbackHost takes a host with or without a port.
func loopbackHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

type loginBody struct {
	MAC        string     `json:"mac"`
	IP         netip.Addr `json:"ip"`
	Username   string     `json:"username"`
	Password   string     `json:"password"`
	Method     Method     `json:"method"`
	Reconnects bool       `json:"reconnects"`
	Challenge  []byte     `json:"-"`
	Response   []byte     `json:"-"`
}

type loginView struct {
	Accepted          bool     `json:"accepted"`
	SessionTimeout    int64    `json:"session_timeout"`
	TerminationAction uint32   `json:"termination_action"`
	Class             []string `json:"class"`
	ReplyMessage      string   `json:"reply_message,omitempty"`
	MSCHAPError       string   `json:"mschap_error,omitempty"`
	AcctSessionID     string   `json:"acct_session_id,omitempty"`
	RTT               float64  `json:"rtt_ms"`
}

func (n *NAS) serveLogin(w http.ResponseWriter, r *http.Request) {
	var body loginBody
	if !decode(w, r, &body) {
		return
	}
	result, err := n.Login(r.Context(), Guest(body))
	if err != nil {
		refuse(w, loginStatus(err), err)
		return
	}
	respond(w, loginView{
		Accepted: result.Accepted, SessionTimeout: int64(result.SessionTimeout / time.Second),
		TerminationAction: result.TerminationAction, Class: hexes(result.Class), ReplyMessage: result.ReplyMessage,
		MSCHAPError: result.MSCHAPError, AcctSessionID: result.AcctSessionID,
		RTT: float64(result.RTT) / float64(time.Millisecond),
	})
}

func loginStatus(err error) int {
	switch {
	case errors.Is(err, ErrGuest):
		return http.StatusUnprocessableEntity
	case errors.Is(err, ErrNoAnswer):
		return http.StatusGatewayTimeout
	case errors.Is(err, ErrStopped), errors.Is(err, ErrFull), errors.Is(err, ErrBusy), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadGateway
	}
}

func (n *NAS) serveLogout(w http.ResponseWriter, r *http.Request) {
	var body struct {
		MAC string `json:"mac"`
	}
	if decode(w, r, &body) {
		respond(w, map[string]bool{"was_online": n.Logout(body.MAC)})
	}
}

func (n *NAS) serveReboot(w http.ResponseWriter, r *http.Request) {
	if !decode(w, r, &struct{}{}) {
		return
	}
	if err := n.Reboot(); err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

type behaviourBody struct {
	Answer     Answer `json:"answer"`
	ErrorCause uint32 `json:"error_cause"`
	Times      int    `json:"times"`
	Delay      string `json:"delay"` // "250ms"
}

func (b behaviourBody) behaviour() (Behaviour, error) {
	step := Behaviour{Answer: b.Answer, ErrorCause: b.ErrorCause, Times: b.Times}
	if b.Delay == "" {
		return step, nil
	}
	var err error
	if step.Delay, err = time.ParseDuration(b.Delay); err != nil {
		return step, fmt.Errorf("%w: delay is no duration", ErrBehaviour)
	}
	return step, nil
}

func (n *NAS) serveBehaviour(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Script *[]behaviourBody `json:"script"`
		Policy *Policy          `json:"policy"`
	}
	if !decode(w, r, &body) {
		return
	}
	if body.Script != nil {
		if err := n.scriptFrom(*body.Script); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
	}
	if body.Policy != nil {
		n.SetPolicy(*body.Policy)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (n *NAS) scriptFrom(bodies []behaviourBody) error {
	steps := make([]Behaviour, len(bodies))
	for i, b := range bodies {
		var err error
		if steps[i], err = b.behaviour(); err != nil {
			return err
		}
	}
	return n.Script(steps...)
}

type sessionView struct {
	AcctSessionID     string     `json:"acct_session_id"`
	MAC               string     `json:"mac"`
	IP                netip.Addr `json:"ip"`
	Username          string     `json:"username"`
	Method            Method     `json:"method"`
	StartedAt         time.Time  `json:"started_at"`
	EndsAt            time.Time  `json:"ends_at,omitzero"`
	Reauthenticates   bool       `json:"reauthenticates"`
	Class             []string   `json:"class"`
	Interim           float64    `json:"interim"` // seconds
	Uploaded          uint64     `json:"uploaded"`
	Downloaded        uint64     `json:"downloaded"`
	Reauthentications int        `json:"reauthentications"`
}

func (n *NAS) serveSessions(w http.ResponseWriter, _ *http.Request) {
	views := []sessionView{}
	for _, s := range n.Online() {
		views = append(views, sessionView{
			AcctSessionID: s.AcctSessionID, MAC: s.MAC, IP: s.IP, Username: s.Username, Method: s.Method,
			StartedAt: s.StartedAt, EndsAt: s.EndsAt, Reauthenticates: s.Reauthenticates, Class: hexes(s.Class),
			Interim: s.Interim.Seconds(), Uploaded: s.Uploaded, Downloaded: s.Downloaded,
			Reauthentications: s.Reauthentications,
		})
	}
	respond(w, map[string]any{"sessions": views})
}

func (n *NAS) serveEvents(w http.ResponseWriter, r *http.Request) {
	var after uint64
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			refuse(w, http.StatusBadRequest, errors.New("after is no sequence number"))
			return
		}
	}
	events := n.Events(after)
	if events == nil {
		events = []Event{}
	}
	respond(w, map[string]any{"events": events})
}

// decode reads a strict JSON body; false means that the refusal is written.
// The decoder's own text is not shown: it can quote the body.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refuse(w, http.StatusRequestEntityTooLarge, errors.New("the body is too large"))
		return false
	}
	if err != nil || decoder.More() {
		refuse(w, http.StatusBadRequest, errors.New("the body is not the JSON expected here"))
		return false
	}
	return true
}

func respond(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the peer left; there is nobody to tell
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

func hexes(values [][]byte) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = hex.EncodeToString(v)
	}
	return list
}
