package api

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"github.com/foyerhq/foyer/internal/audit"
	"github.com/foyerhq/foyer/internal/store"
	"github.com/foyerhq/foyer/internal/visit"
)

type exportAuditInput struct {
	AuditRange
	Format audit.Format `query:"format" enum:"ndjson,csv" default:"ndjson"`
}

// exportsAtOnce bounds exports, each of which holds a connection to the database
// for as long as its reader takes.
const exportsAtOnce = 2

// writeWithin is how long a reader may take for a piece of an export.
const writeWithin = 30 * time.Second

var errExporting = &visit.Error{
	Kind: visit.KindLimited, Code: "export_running", Message: "An export is being written. Come back when it is done.",
	RetryAfter: time.Minute,
}

// exports are those being written: one for each caller.
type exports struct {
	mu     sync.Mutex // guards actors
	actors map[string]bool
}

func (e *exports) begin(actor string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.actors[actor] || len(e.actors) >= exportsAtOnce {
		return false
	}
	if e.actors == nil {
		e.actors = map[string]bool{}
	}
	e.actors[actor] = true
	return true
}

func (e *exports) end(actor string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.actors, actor)
}

// exportAudit streams. What goes wrong before the first byte is answered as ever;
// after that the connection is broken off, and the file says that it is cut off.
func (s *Server) exportAudit(ctx context.Context, in *exportAuditInput) (*huma.StreamResponse, error) {
	chain, err := in.chain()
	if err != nil {
		return nil, err
	}
	by := s.caller(ctx)
	export := store.AuditExport{Chain: chain, From: given(in.From), To: given(in.To), Format: in.Format}
	return &huma.StreamResponse{Body: func(c huma.Context) { s.streamAudit(humagin.Unwrap(c), by, export) }}, nil
}

func (s *Server) streamAudit(c *gin.Context, by store.Caller, export store.AuditExport) {
	if !s.exports.begin(by.Actor) {
		s.refuse(c, errExporting)
		return
	}
	defer s.exports.end(by.Actor)
	w := &attachment{c: c, format: export.Format, now: s.Now}
	err := s.writeAudit(c.Request.Context(), w, by, export)
	switch {
	case err == nil:
	case !w.begun:
		s.refuse(c, err)
	default:
		s.Logger.WarnContext(c.Request.Context(), "audit export broken off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

// writeAudit uses the request's context, which ends with the connection, and not
// the limit of a request: the store has its own for exports.
func (s *Server) writeAudit(ctx context.Context, w *attachment, by store.Caller, export store.AuditExport) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	out, err := audit.NewExporter(buffered, export.Format)
	if err != nil {
		return err
	}
	if err := s.Store.ExportAudit(ctx, by, export, out); err != nil {
		return err
	}
	return buffered.Flush()
}

// attachment is an answer that begins with its first byte, and whose reader must
// go on reading.
type attachment struct {
	c      *gin.Context
	format audit.Format
	now    func() time.Time
	begun  bool
}

var exportTypes = map[audit.Format]string{audit.NDJSON: "application/x-ndjson", audit.CSV: "text/csv; charset=utf-8"}

// Write sends a piece.
func (a *attachment) Write(piece []byte) (int, error) {
	if !a.begun {
		a.begun = true
		name := "foyer-audit-" + a.now().UTC().Format("20060102T150405Z") + "." + string(a.format)
		a.c.Header("Content-Type", exportTypes[a.format])
		a.c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
		a.c.Status(http.StatusOK)
	}
	// The server's own limit is for answers that are ready.
	err := http.NewResponseController(a.c.Writer).SetWriteDeadline(time.Now().Add(writeWithin))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return a.c.Writer.Write(piece)
}

// auditFile documents the two formats of an export.
func auditFile(op *huma.Operation) {
	text := &huma.Schema{Type: huma.TypeString}
	op.Responses["200"] = &huma.Response{
		Description: "OK", Content: map[string]*huma.MediaType{"application/x-ndjson": {Schema: text}, "text/csv": {Schema: text}},
	}
	op.Description = "The rows of each chain in one piece, with the signed checkpoints within and the public keys, under a signed manifest: " +
		"`foyer audit verify --file` judges the file alone. Streamed; one at a time for each caller; itself audited."
}
