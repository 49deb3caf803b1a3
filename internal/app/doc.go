// Package app builds Foyer's roles out of its parts. It is the only package
// that knows all of them, and the only one that reads flags, the environment
// and the process's signals.
//
// A role is an fx application: constructors in modules, lifecycle hooks that
// schedule and return. `foyer up` starts a private Postgres and Temporal and
// then the same roles, so that there is one path to test.
package app
