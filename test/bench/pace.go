package main

import "time"

// pace says how much of everything a run does.
type pace struct {
	rounds     int           // of each workflow, alternating
	roundFor   time.Duration // how long visits are begun in a round
	warmFor    time.Duration // before the first round
	sideBySide int           // visits under way

	deskFor time.Duration // at each rate

	open      int // visits open at the same time
	settleFor time.Duration

	together int // visits that end in the same second
	sampled  int // of them, whose reject is timed

	events     int           // that pile up
	backlog    int           // visits that end while the CRM hangs
	identities int           // accounts with a device
	probeFor   time.Duration // the longest until a CRM that is back hears of it
}

// paces by -quick.
var paces = map[bool]pace{
	false: {
		rounds: 3, roundFor: 30 * time.Second, warmFor: 8 * time.Second, sideBySide: 48,
		deskFor: time.Minute, open: 20_000, settleFor: 45 * time.Second, together: 1000, sampled: 50,
		events: 3000, backlog: 5000, identities: 100_000, probeFor: 20 * time.Minute,
	},
	true: {
		rounds: 1, roundFor: 5 * time.Second, warmFor: 2 * time.Second, sideBySide: 32,
		deskFor: 10 * time.Second, open: 200, settleFor: 3 * time.Second, together: 50, sampled: 10,
		events: 100, backlog: 50, identities: 1000, probeFor: 20 * time.Minute,
	},
}
