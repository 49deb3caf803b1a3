package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"
)

// progress is the list of steps that operators read as the workflow's current
// details in the Temporal UI. It is not in the history: it costs no event and is
// rebuilt by replay.
type progress struct {
	lines []string
	now   string
}

const mostLines = 30

// is replaces what the workflow is doing now.
func (p *progress) is(ctx workflow.Context, format string, args ...any) {
	p.now = fmt.Sprintf(format, args...)
	p.show(ctx)
}

// was adds a step that is over.
func (p *progress) was(ctx workflow.Context, format string, args ...any) {
	p.lines = append(p.lines, clock(workflow.Now(ctx))+" "+fmt.Sprintf(format, args...))
	p.lines = p.lines[max(0, len(p.lines)-mostLines):]
	p.show(ctx)
}

func (p *progress) show(ctx workflow.Context) {
	var list strings.Builder
	for _, line := range p.lines {
		list.WriteString("- [x] " + line + "\n")
	}
	if p.now != "" {
		list.WriteString("- [ ] " + p.now + "\n")
	}
	workflow.SetCurrentDetails(ctx, list.String())
}

// clock writes an instant for people: UTC, and saying so, because who reads the
// Temporal UI need not be where the site is.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
