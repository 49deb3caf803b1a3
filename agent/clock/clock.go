package clock

import "time"

// Mark is what a clock needs to go on after a restart.
type Mark struct {
	At     time.Time     `json:"at"`     // the time was at least this
	Offset time.Duration `json:"offset"` // hub minus wall clock, nanoseconds
}

// Store keeps a Mark over restarts. A store without one returns the zero Mark.
type Store interface {
	Load() (Mark, error)
	Save(Mark) error
}

// Config says what a clock is made from. Zero values mean the machine's clocks
// and no memory.
type Config struct {
	Wall  func() time.Time
	Mono  func() time.Duration // since any fixed instant; counts suspended time too
	Store Store
}
