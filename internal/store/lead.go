package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/foyerhq/foyer/internal/visit"
)

const (
	leaseClass    = 0x666f7965 // advisory locks of ours: "foye"
	leasePingEach = 2 * time.Second
	leasePingFor  = 5 * time.Second
)

// TryLead takes the deployment-wide lease of a name, if nobody has it. The
// lease's context ends with ctx, when release is called, or within seconds of
// the loss of the connection that holds it. release waits until the lease is
// given back; it must be called, and may be called twice.
func (s *Store) TryLead(ctx context.Context, name string) (lease context.Context, release func(), ok bool, err error) {
	conn, err := connectAlone(ctx, s.url)
	if err != nil {
		return nil, nil, false, visit.Unavailable("database", err)
	}
	if ok, err = takeLease(ctx, conn, name); err != nil || !ok {
		closeConn(ctx, conn)
		return nil, nil, false, explain(err)
	}
	lease, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer closeConn(ctx, conn)
		defer cancel()
		holdLease(lease, conn)
	}()
	return lease, func() { cancel(); <-done }, true, nil
}

func takeLease(ctx context.Context, conn *pgx.Conn, name string) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, leasePingFor)
	defer cancel()
	err = conn.QueryRow(ctx, `select pg_try_advisory_lock(@class, hashtext(@name))`, pgx.NamedArgs{"class": leaseClass, "name": name}).Scan(&ok)
	return ok, err
}

// holdLease returns when ctx ends or the connection is lost. Waiting for a
// notification, which never comes, notices a closed connection at once; the ping
// notices a silent one.
func holdLease(ctx context.Context, conn *pgx.Conn) {
	for {
		wait, cancel := context.WithTimeout(ctx, leasePingEach)
		_, err := conn.WaitForNotification(wait)
		cancel()
		if ctx.Err() != nil || err != nil && !pgconn.Timeout(err) {
			return
		}
		ping, cancel := context.WithTimeout(ctx, leasePingFor)
		err = conn.Ping(ping)
		cancel()
		if err != nil {
			return
		}
	}
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackFor)
	defer cancel()
	_ = conn.Close(ctx)
}
