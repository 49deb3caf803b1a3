package e2e

import (
	"github.com/foyerhq/foyer/test/stack"
)

// states lists the termination results in the order they came in.
func states(d stack.Detail) []string {
	var list []string
	for _, x := range d.Terminations {
		list = append(list, x.State)
	}
	return list
}

// reasons lists why terminations were not done.
func reasons(d stack.Detail) []string {
	var list []string
	for _, x := range d.Terminations {
		list = append(list, x.Reason)
	}
	return list
}

// causes lists the Error-Causes that the NAS gave.
func causes(d stack.Detail) []int {
	var list []int
	for _, x := range d.Terminations {
		for _, attempt := range x.Attempts {
			if attempt.ErrorCause != 0 {
				list = append(list, attempt.ErrorCause)
			}
		}
	}
	return list
}

func historyText(r *rig, visit string) string { return stack.Text(r.History(visit)) }
