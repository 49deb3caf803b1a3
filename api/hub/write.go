package hub

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/gorilla/websocket"

	"github.com/foyerhq/foyer/internal/visit"
	"github.com/foyerhq/foyer/internal/wire"
)

// write is the only writer of the socket. It pings, marks an agent suspect that
// does not answer, and ends the link when the context does.
func (p *peer) write(ctx context.Context) error {
	ping := time.NewTicker(p.timing.Ping)
	defer ping.Stop()
	look := time.NewTicker(p.timing.Look)
	defer look.Stop()
	said := state{at: p.hub.now()}
	if err := p.ping(); err != nil {
		return err
	}
	for ctx.Err() == nil {
		var err error
		select {
		case body := <-p.out:
			if err = p.conn.SetWriteDeadline(time.Now().Add(p.timing.Write)); err == nil {
				err = p.conn.WriteMessage(websocket.TextMessage, body)
			}
		case <-ping.C:
			err = p.ping()
		case <-look.C:
			if err := p.look(ctx, &said); err != nil {
				return err
			}
		case <-ctx.Done():
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errPeerLeft, err)
		}
	}
	return context.Cause(ctx)
}

func (p *peer) ping() error {
	var clock [8]byte
	binary.BigEndian.PutUint64(clock[:], uint64(p.hub.now().UnixNano()))
	return p.conn.WriteControl(websocket.PingMessage, clock[:], time.Now().Add(p.timing.Write))
}

// state is what the store was last told of the agent's signs of life.
type state struct {
	suspect bool
	at      time.Time
}

// seenEvery is how often the store hears of a live agent: it takes a link of
// which it has heard nothing for a minute for one whose hub died.
const seenEvery = 20 * time.Second

// look tells the store that the agent is suspect, is no longer, or is still
// there; and finds out that this link is not the agent's any more.
func (p *peer) look(ctx context.Context, said *state) error {
	now := p.hub.now()
	suspect := now.Sub(time.Unix(0, p.heard.Load())) > p.timing.Suspect
	if suspect == said.suspect && now.Sub(said.at) < seenEvery {
		return nil
	}
	*said = state{suspect, now}
	ctx, cancel := context.WithTimeout(ctx, p.timing.Write)
	defer cancel()
	return p.hub.store.Seen(ctx, p.agent.ID, p.epoch, suspect)
}

// leave tells the agent why the link ends, where that can still be told, and
// says whether the end is worth a warning.
func (p *peer) leave(err error) {
	code, reason := websocket.CloseInternalServerErr, "the hub failed; come back"
	level := slog.LevelWarn
	switch c, ok := errors.AsType[*closing](err); {
	case ok:
		code, reason, level = c.code, c.reason, slog.LevelInfo
	case errors.Is(err, errPeerLeft):
		code, reason, level = websocket.CloseGoingAway, "the agent left", slog.LevelInfo
	case errors.Is(err, visit.ErrStaleEpoch):
		code, reason = wire.CloseReplaced, "another connection acts as this agent"
	case errors.Is(err, visit.ErrQuarantined):
		code, reason = wire.CloseQuarantined, "replaced too often; an operator decides"
	case errors.Is(err, visit.ErrAgentWithdrawn):
		code, reason = wire.CloseWithdrawn, "withdrawn by an operator"
	case errors.Is(err, visit.ErrAgentNotFound):
		code, reason = wire.CloseUnknown, "certificate unknown"
	case visit.KindOf(err) == visit.KindUnavailable:
		code, reason = wire.CloseOverloaded, "come back later"
	}
	p.hub.metrics.ended.WithLabelValues(fmt.Sprint(code)).Inc()
	p.log.Log(context.Background(), level, "agent link ended", "code", code, "epoch", p.epoch, "error", err)
	message := websocket.FormatCloseMessage(code, reason)
	if p.conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second)) == nil {
		p.linger()
	}
	_ = p.conn.Close()
}

// linger gives the agent a second to read the close code and close the
// connection: closing it here with something unread resets it, and the code may
// be lost.
func (p *peer) linger() {
	conn := p.conn.NetConn()
	if conn.SetReadDeadline(time.Now().Add(time.Second)) == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}
