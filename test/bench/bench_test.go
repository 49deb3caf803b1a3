package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
)

func TestPercentileIsASampleThatWasSeen(t *testing.T) {
	t.Parallel()
	samples := []time.Duration{5, 1, 4, 2, 3}
	for p, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		require.Equal(t, want, percentile(samples, p), p)
	}
	require.Zero(t, percentile(nil, 0.5))
	require.Equal(t, []time.Duration{5, 1, 4, 2, 3}, samples, "the caller's order stays")
}

func TestAMeasurementCleansUpHoweverItEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bench){
		"well":        func(*bench) {},
		"failed":      func(b *bench) { b.FailNow() },
		"by an error": func(b *bench) { b.must(os.ErrNotExist) },
		"by a panic":  func(*bench) { panic("a mistake") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var cleaned []string
			var dir string
			ok := runOne(t.Context(), name, func(b *bench) {
				dir = b.TempDir()
				b.Cleanup(func() { cleaned = append(cleaned, "first") })
				b.Cleanup(func() { cleaned = append(cleaned, "second") })
				end(b)
			})
			require.Equal(t, name == "well", ok)
			require.Equal(t, []string{"second", "first"}, cleaned)
			require.NoDirExists(t, dir)
		})
	}
}

func TestCPUOfAProcessHoldsThatOfItsChildren(t *testing.T) {
	t.Parallel()
	// A shell that has waited for one child and waits for another.
	command := exec.CommandContext(t.Context(), "sh", "-c",
		`i=0; sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; exec 3>&1; read x`)
	in, err := command.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	require.Eventually(t, func() bool { return cpuOf(command.Process.Pid) >= 2*clockTick }, 20*time.Second, 20*time.Millisecond)
	require.Positive(t, residentOf(command.Process.Pid))
	require.NoError(t, in.Close())
	_ = command.Wait() // read fails at the end of its input
	require.Zero(t, cpuOf(command.Process.Pid), "it is gone")
	require.Positive(t, residentOf(os.Getpid()))
}

func TestTheTextbookTakesFiveSteps(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	var steps []int
	env.RegisterActivityWithOptions(func(_ string, step int) error {
		steps = append(steps, step)
		return nil
	}, activity.RegisterOptions{Name: "Step"})
	env.RegisterDelayedCallback(func() {
		require.Equal(t, []int{1}, steps, "it waits")
		env.SignalWorkflow(textbookSignal, nil)
	}, time.Minute)
	env.ExecuteWorkflow(Textbook, "textbook-1")
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []int{1, 2, 3, 4, 5}, steps)
}
