package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/foyerhq/foyer/test/stack"
)

// measurement is one of the things that can be run.
type measurement struct {
	name string
	run  func(b *bench, p pace)
}

var measurements = []measurement{
	{"visit/file", func(b *bench, p pace) { measureVisits(b, p, false) }},
	{"visit/postgres", func(b *bench, p pace) { measureVisits(b, p, true) }},
	{"desk", measureDesk},
	{"open", measureOpen},
	{"timer", measureTimer},
	{"deliveries", measureDeliveries},
	{"deadcrm", measureDeadCRM},
	{"portal", measurePortal},
	{"identities", measureIdentities},
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "textbook" {
		if err := textbookWorker(); err != nil {
			fmt.Fprintln(os.Stderr, "textbook worker:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("run", "", "regexp of the measurements to run; empty for all")
	quick := flag.Bool("quick", false, "a short trial; its figures mean nothing")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: -run:", err)
		os.Exit(2)
	}
	if !runAll(chosen, paces[*quick]) {
		os.Exit(1)
	}
}

// runAll runs what was chosen, one after the other, until one is interrupted.
func runAll(chosen *regexp.Regexp, p pace) bool {
	useBuiltBinary()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Print(machineFacts())
	ok := true
	for _, m := range measurements {
		if chosen.MatchString(m.name) && ctx.Err() == nil {
			fmt.Printf("\n### %s\n\n", m.name)
			ok = runOne(ctx, m.name, func(b *bench) { m.run(b, p) }) && ok
		}
	}
	return ok && ctx.Err() == nil
}

// useBuiltBinary measures the binary that `make build` made, if it did.
func useBuiltBinary() {
	built := filepath.Join(stack.Root(), "bin", "foyer")
	if _, err := os.Stat(built); err == nil && os.Getenv("FOYER_BIN") == "" {
		_ = os.Setenv("FOYER_BIN", built) // cannot fail for this name
	}
}
