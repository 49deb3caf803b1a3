package durable

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"time"

	"go.temporal.io/sdk/log"
)

// logKeys are the SDK's keys that are logged, under the names that the rest of
// Foyer uses. The SDK's other keys are dropped: Result and PanicError may carry
// anything, the rest is noise.
var logKeys = map[string]string{
	"ActivityID":        "activity_id",
	"ActivityType":      "activity_type",
	"Attempt":           "attempt",
	"BuildID":           "build_id",
	"Error":             "error",
	"LocalActivityType": "activity_type",
	"Namespace":         "namespace",
	"PanicStack":        "stack",
	"QueryType":         "query_type",
	"RunID":             "run_id",
	"StackTrace":        "stack",
	"TaskQueue":         "task_queue",
	"UpdateID":          "update_id",
	"UpdateName":        "update_name",
	"WorkerID":          "worker_id",
	"WorkerType":        "worker_type",
	"WorkflowID":        "workflow_id",
	"WorkflowType":      "workflow_type",
}

// logger writes the SDK's log to slog.
type logger struct {
	to   *slog.Logger
	skip int // stack frames between the call that logs and write
}

// failedActivity is the SDK's line for each attempt that failed. The worker's
// interceptor has logged it by then, with its cause, and at a level that fits: that a
// customer's endpoint is down is no error of ours.
const failedActivity = "Activity error."

// NewLogger adapts slog for the SDK. Debug lines are dropped: at that level the SDK
// reports every task. Failed attempts are the interceptor's to log. Keys in lower case,
// our own, pass as they are. The values of panics are not logged, only their stacks.
func NewLogger(to *slog.Logger) log.Logger { return logger{to: to.With("part", "temporal"), skip: 3} }

func (l logger) Debug(string, ...any)            {}
func (l logger) Info(msg string, keyvals ...any) { l.write(slog.LevelInfo, msg, keyvals) }
func (l logger) Warn(msg string, keyvals ...any) { l.write(slog.LevelWarn, msg, keyvals) }
func (l logger) Error(msg string, keyvals ...any) {
	if msg != failedActivity {
		l.write(slog.LevelError, msg, keyvals)
	}
}

// With returns a logger that adds these to every line.
func (l logger) With(keyvals ...any) log.Logger {
	l.to = slog.New(l.to.Handler().WithAttrs(attributes(keyvals)))
	return l
}

// WithCallerSkip returns a logger for a helper that many frames above its caller.
func (l logger) WithCallerSkip(depth int) log.Logger {
	l.skip += depth
	return l
}

func (l logger) write(level slog.Level, msg string, keyvals []any) {
	ctx := context.Background() // the SDK has none to give
	if !l.to.Enabled(ctx, level) {
		return
	}
	var caller [1]uintptr
	runtime.Callers(l.skip, caller[:])
	record := slog.NewRecord(time.Now(), level, msg, caller[0])
	record.AddAttrs(attributes(keyvals)...)
	_ = l.to.Handler().Handle(ctx, record)
}

func attributes(keyvals []any) []slog.Attr {
	var list []slog.Attr
	for ; len(keyvals) >= 2; keyvals = keyvals[2:] {
		key, _ := keyvals[0].(string)
		if name, ok := logName(key); ok {
			list = append(list, slog.Any(name, logValue(keyvals[1])))
		}
	}
	return list
}

func logName(key string) (string, bool) {
	if key == "" || key[0] >= 'A' && key[0] <= 'Z' {
		name, ok := logKeys[key]
		return name, ok
	}
	return key, true
}

// panicked is what the SDK's errors for recovered panics have in common.
type panicked interface {
	error
	StackTrace() string
}

// logValue keeps the value of a panic, which can be anything in memory, out of the
// log. The SDK's own panics (a non-deterministic workflow) are known by their code.
func logValue(value any) any {
	err, ok := value.(error)
	if !ok {
		return value
	}
	if p, ok := errors.AsType[panicked](err); ok && !strings.HasPrefix(p.Error(), "[TMPRL") {
		return "panic"
	}
	return err.Error()
}
