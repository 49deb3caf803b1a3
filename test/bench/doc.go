// Command bench measures the whole system with real processes on the machine it
// runs on, and prints Markdown rows for docs/benchmarks.md.
//
//	go run ./test/bench [-run regexp] [-quick]
//
//	visit/file       visits per second and Temporal's CPU for each, beside a textbook
//	                 workflow, on the dev server's file
//	visit/postgres   the same on a Temporal server with Postgres
//	desk             how long the desk and the guest wait, at 1 and 5 check-ins a second
//	open             what 20,000 open visits weigh
//	timer            how late 1,000 departures in one second are
//	deliveries       webhooks per second and what each costs; how soon one comes
//	deadcrm          how fast access ends while the CRM hangs and 5,000 visits wait for it
//
// Each measurement starts a system of its own and stops it. -quick shortens all of
// them to a trial of the program: its figures mean nothing.
//
// Run with the argument "textbook" it is the worker of the textbook workflow, which
// has a process of its own as Foyer's worker has.
package main
