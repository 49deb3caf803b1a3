// Package portal tells what guests of a captive portal live through, from outside: their
// browsers, over HTTPS with cookies and forms, and the simulated devices that hold them
// back. Between the two stand the real parts: the server with its API and pages, on a
// real Postgres, and an agent's RADIUS server, table of sessions and ladder of disconnects,
// over real UDP. Only the clock is the test's, and what carries the ledger from the store
// to the agent, which the end-to-end tests have as it is.
//
//   - week_test.go: the worked example, a guest from Monday to the Saturday after, step
//     by step, in both of Meraki's modes, with cookies and without, and with everything
//     closed and opened anew between any two steps.
//   - further_test.go: what lies beside that week: two devices, blocked, shortened,
//     scheduled, twice clicked.
//   - vendors_test.go: admitted, over, and again, at each vendor's device; and redirects
//     that somebody has made up.
//
// The rest is what they stand on: deployment_test.go the server, agent_test.go the agent,
// network_test.go the device with its RADIUS client, browser_test.go the guest.
package portal
