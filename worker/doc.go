// Package worker is the role that runs visits: it carries out workflows and
// activities, gives termination results to the activities that wait for them, and
// sweeps.
//
// # Parts
//
//   - The poller runs Temporal's worker and, when Temporal is away or refuses, begins
//     again: the role starts and lives without Temporal.
//   - A second Temporal worker carries what goes out (webhooks, mail, CRM) with slots
//     of its own, so that a receiver that hangs takes none that ending sessions needs.
//   - Results takes termination results, which hubs store, to Temporal. It runs in
//     every process: woken by the store's notifications, once a second without.
//   - The relay turns events into deliveries and starts their workflows, in one process
//     of the deployment. Events and the deliveries made of them are rows before anything
//     is started; while Temporal is away they wait there. A delivery of which nothing was
//     heard for a quarter of an hour after it was due is started again.
//   - The couriers carry deliveries: Webhooks and Mails. They read what is to be said
//     when it is sent, so that nothing personal is in a delivery.
//   - CRM speaks to customers' CRMs, for hand-overs and erasures, through one gate an
//     account; one visitor's visits go one at a time.
//   - The sweeper repairs what the rest could not finish. One process of the
//     deployment sweeps, by an advisory lock; the next one takes over when it dies.
//
// # What the sweeper repairs
//
//	overdue      visits that nobody ended 30 s after their departure: ended here
//	intents      check-ins and check-outs that no workflow has taken up: sent again
//	workflows    open visits without a workflow (terminated, lost, forgotten): started
//	no_shows     expected visitors whose departure passed: marked
//	leaving_soon departures that are near: announced, once
//	credentials  passwords of visits that ended a day ago: wiped
//	presence     visitors whom nobody has seen leave for a week: an alarm, each week
//	purge        the night's purge, as long as there is no proof of it: started
//	erasures     people whom a CRM has still to erase: their workflows are started
//	ledger, idempotency, mail, checkpoints, deliveries   kept short, kept signed
//
// Each step runs at its own pace and on its own, has a time limit and a most that it
// does in one pass, and neither waits for nor minds the failure of another. Every
// step may run twice, or in two processes at once while leadership changes: each is
// idempotent in the store or by the workflow's id.
//
// # Shutdown
//
// When its context ends, Run stops taking work, gives running activities 30 seconds,
// gives the lead back and returns when all its goroutines have.
package worker
