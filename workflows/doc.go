// Package workflows holds Foyer's durable processes. The first of them is the visit:
// everything between a guest's check-in and the seal on the visit's record.
//
//	            check-in            check-out, departure, cancel
//	(the row) ───────────▶ on site ──────────────────────────────▶ leaving ───▶ sealed
//	             issue      ▲    │            revoke                terminate ┐
//	                        └────┘                                  tell CRM  ┴ seal
//	               departure moved: wait again
//
// Before check-in a visit is a row in Postgres and nothing more. The workflow is
// named visit-<visit id>; there is one a visit.
//
// # The row decides
//
// The workflow decides nothing about a visit. Each step asks the row, in one
// transaction under the row's lock, and adopts the answer; signals only say that
// asking is worth while. So a signal may come late, twice, out of order or not at
// all, the workflow may be started again in any state, and whoever acts first (the
// workflow, the API while Temporal is away, the sweeper) is the one who acted.
//
// # The story, one test a sentence (story_test.go)
//
// The first step issues the voucher, and the check-in update answers when it is
// over. A visit that is checked in already keeps its voucher. A visit for which
// nobody asked for a check-in fails, so that its id stays free. A visit that was
// cancelled, or never showed up, closes at once. A sealed visit closes at once.
//
// A visit ends at its departure. A visit ends when somebody checks out. A check-out
// that meets the departure gives one end. A check-out that no row knows of changes
// nothing. A departure moved forward takes effect at once. A departure moved back
// lets the timer wake, ask and wait again. Signals of departures that overtake each
// other do not make a visit longer. A worker whose clock is behind asks again in a
// second.
//
// Cancelling the workflow ends the visit and leaves as usual. Cancelling it before
// the voucher is issued ends the visit too.
//
// On leaving, live sessions are ended and the CRM is told, side by side; when both
// have settled the record is sealed. A stage that has nothing to do says so.
// A termination that is not done is tried again when its reason says. A termination
// whose time is over is recorded as failed, and the seal follows. "Retry now" starts
// the next generation and drops the pending one. "Retry now" after a failed
// termination holds the seal back. "Retry now" that crosses the seal is carried out.
// A visit that ended while no workflow ran is taken up where it stands. A check-out
// that no workflow heard of is found on the row.
//
// # The story of the CRM, one test a sentence (crm_test.go)
//
// A visit is handed to the CRM outside the workflow's task. A CRM that refuses for
// good is not asked again. A CRM that is away for a day loses nothing, and delays
// nothing but the seal. A CRM that stays away for three days is given up. A hand-over
// that staff ask for (crm-<visit id>) is the same step: the row knows what is done.
//
// # A delivery, one test a sentence (delivery_test.go)
//
// Whatever leaves the deployment because of an event, a webhook or a mail, is a
// delivery: one event on its way to one target. The relay (package worker) makes its
// row and starts its workflow, named delivery-<event id>-<target>.
//
// A delivery is carried by one activity, and ends with how it came out. An attempt
// that was not accepted is repeated on the schedule. A receiver that asks for time is
// given it, and no less than the schedule says. A delivery that was held back has
// used up no attempt. A receiver that is back within three days misses nothing. After
// the last attempt the delivery has failed, and the workflow has not. A delivery that
// has ended closes at once. Cancelling the workflow ends the delivery. A delivery
// whose time is over is recorded as failed. While the database is away no attempt is
// counted.
//
// Attempts run on a task queue of their own (OutwardTaskQueue): whoever hangs there
// takes no slot that ending sessions needs. The row counts attempts, so that a
// workflow that was terminated, and is started again by the relay, goes on where the
// schedule was. A delivery that was sent again by hand is a row and a workflow of its
// own, with -r<n> at the end.
//
// # The story of people's data (people_test.go)
//
// A purge (purge-<date>) goes through each class until nothing is left, rewrites the
// tables and leaves a proof. A purge that has its proof closes at once. A purge waits
// while the database is away; batches count themselves, so that none is counted twice.
// An erasure (erase-<erasure>) is done when each CRM has erased the person, who is
// gone here when it begins. What a CRM refuses for good needs attention at once. A CRM
// that stays away is asked again, for three days, and then needs attention. Cancelling
// an erasure needs attention.
//
// # An access, one test a sentence (access_test.go)
//
// Access that belongs to no visit, such as a roll code's, has a workflow (access-<id>)
// from its first use to the seal: dormant codes have none. The worker starts it, and
// tells it when somebody else changed the row (package worker).
//
// An access ends when its time is over, and leaves as a visit does. An access that is
// given more time goes on. An access that staff end is left at once. A signal that is
// lost costs nothing. Cancelling the workflow ends the access. An access that goes on
// after its end is not sealed: agents that were cut off may bring such news. A sealed
// access closes at once. A step of an access that fails is repeated as long as it
// takes. An access that is given more time very often goes on in a new run.
//
// # Failures
//
// Short steps run inside the workflow task. A step that fails is repeated there
// three times and then for as long as it takes, where operators can see it. A
// refusal is not repeated. A wait whose history grows long goes on in a new run.
//
// A workflow that completed has sealed its visit, or there was nothing to seal; only
// then is its id taken. Terminate, Reset or the loss of Temporal's database leave an
// open row without a workflow, which the sweeper (package worker) starts again.
//
// # What is in the history
//
// Ids, instants, statuses and what NASes answered; no names, addresses or secrets.
// What operators read are the search attributes, the summaries of timers and
// activities, the results, and the list of steps in the current details. The search
// attributes of a check-in stand there from the start, and the end of a visit comes
// into them with the seal, or ten seconds into a leaving that takes its time: each
// change of them costs the server as much as a step does.
//
// # Changing this package
//
// Histories of every kind of visit are kept in testdata/histories and replayed by
// TestHistories. A change that orders, adds or removes commands is guarded by
// workflow.GetVersion under a named constant, and `make histories` records what is
// new beside what must go on replaying.
package workflows
