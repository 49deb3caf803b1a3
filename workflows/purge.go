package workflows

import (
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/foyerhq/foyer/activities"
	"github.com/foyerhq/foyer/internal/visit"
)

// Purge deletes what nobody needs any more, class by class, takes it out of the
// tables' files, and leaves a proof in numbers. It may be cut off anywhere: its
// proof knows what is done, and it goes on.
func Purge(ctx workflow.Context, in activities.PurgeInput) (activities.PurgeProof, error) {
	p := &purgeRun{}
	var proof activities.PurgeProof
	step := workflow.WithActivityOptions(ctx, patient("open the proof"))
	if err := workflow.ExecuteActivity(step, purges.BeginPurge, in).Get(ctx, &proof); err != nil || proof.Ended {
		return proof, err
	}
	for _, class := range purged(ctx) {
		if err := p.class(ctx, proof.ID, class); err != nil {
			return proof, err
		}
	}
	return p.close(ctx, activities.PurgeRef{ID: proof.ID, RewriteBytes: in.RewriteBytes})
}

// guestsPurged is since when a purge also goes through what is held of guests.
const guestsPurged = "guests purged"

func purged(ctx workflow.Context) []visit.Class {
	if workflow.GetVersion(ctx, guestsPurged, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return visit.VisitorClasses()
	}
	return visit.PurgedClasses()
}

var (
	purges   *activities.Purges
	erasures *activities.Erasures
)

type purgeRun struct{ progress progress }

// class repeats a bounded part of the work until nothing is left.
func (p *purgeRun) class(ctx workflow.Context, id string, class visit.Class) error {
	p.progress.is(ctx, "purging %s", class)
	step := workflow.WithActivityOptions(ctx, purging("purge "+string(class)))
	rows := 0
	for more := true; more; {
		var purged activities.PurgedClass
		in := activities.PurgeClassInput{ID: id, Class: class}
		if err := workflow.ExecuteActivity(step, purges.PurgeClass, in).Get(ctx, &purged); err != nil {
			return err
		}
		rows, more = rows+purged.Rows, purged.More
	}
	p.progress.was(ctx, "%s: %d", class, rows)
	return nil
}

func (p *purgeRun) close(ctx workflow.Context, ref activities.PurgeRef) (activities.PurgeProof, error) {
	var proof activities.PurgeProof
	p.progress.is(ctx, "rewriting tables")
	rewrite := workflow.WithActivityOptions(ctx, rewriting("rewrite tables"))
	if err := workflow.ExecuteActivity(rewrite, purges.RewriteTables, ref).Get(ctx, &proof); err != nil {
		return proof, err
	}
	p.progress.was(ctx, "%d tables rewritten, %d left for the next time", len(proof.Rewritten), len(proof.Skipped))
	step := workflow.WithActivityOptions(ctx, patient("close the proof"))
	err := workflow.ExecuteActivity(step, purges.EndPurge, ref).Get(ctx, &proof)
	p.progress.is(ctx, "")
	return proof, err
}

// purging is for a bounded number of batches.
func purging(summary string) workflow.ActivityOptions {
	options := patient(summary)
	options.StartToCloseTimeout = 5 * time.Minute
	return options
}

// rewriting is for the rewrite of tables, which what was cut off goes on with.
func rewriting(summary string) workflow.ActivityOptions {
	options := patient(summary)
	options.StartToCloseTimeout = 15 * time.Minute
	options.RetryPolicy = &temporal.RetryPolicy{InitialInterval: time.Minute, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute}
	return options
}

// PurgeWorkflowID is the id of a purge's workflow.
func PurgeWorkflowID(in activities.PurgeInput) string {
	id := "purge-" + in.Day
	if in.Run > 0 {
		id += "-" + strconv.Itoa(in.Run)
	}
	return id
}
