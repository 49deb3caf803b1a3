package webhooktest

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// Body is what talkative receivers say; it must turn up nowhere.
const Body = "canary-of-the-receivers-body"

// Accept answers 204.
func Accept(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// Status answers with a status and pairs of header and value.
func Status(status int, header ...string) Manner {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(Body))
	}
}

// Redirect answers 307, which would have the body sent again, to a URL.
func Redirect(to string) Manner { return Status(http.StatusTemporaryRedirect, "Location", to) }

// Hang does not answer until the caller has gone, or the test.
func (r *Receiver) Hang(_ http.ResponseWriter, request *http.Request) {
	select {
	case <-request.Context().Done():
	case <-r.over:
	}
}

// Drip accepts and then says a letter at a time for as long as somebody listens.
func (r *Receiver) Drip(w http.ResponseWriter, request *http.Request) {
	w.WriteHeader(http.StatusOK)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := w.Write([]byte(".")); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-request.Context().Done():
			return
		case <-r.over:
			return
		}
	}
}

// Huge accepts and then talks without end.
func (r *Receiver) Huge(w http.ResponseWriter, request *http.Request) {
	chunk := []byte(strings.Repeat(Body, 1000))
	for {
		select {
		case <-request.Context().Done():
			return
		case <-r.over:
			return
		default:
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

// HugeHeader answers with a header beyond what anybody should read.
func HugeHeader(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Talk", strings.Repeat("x", 1<<20))
	w.WriteHeader(http.StatusOK)
}

// Reset closes the connection with a reset. It needs HTTP/1.
func Reset(w http.ResponseWriter, _ *http.Request) {
	hijacked(w, func(conn net.Conn) {
		inner := conn
		if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
			inner = wrapped.NetConn()
		}
		if tcp, ok := inner.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = inner.Close()
	})
}

// Garbage answers with something that is not HTTP. It needs HTTP/1.
func Garbage(w http.ResponseWriter, _ *http.Request) {
	hijacked(w, func(conn net.Conn) {
		_, _ = conn.Write([]byte(Body + "\r\n\r\n"))
		_ = conn.Close()
	})
}

func hijacked(w http.ResponseWriter, then func(net.Conn)) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	then(conn)
}
