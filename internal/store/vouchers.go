package store

// Readiness says how far a site's agents have followed.
type Readiness struct {
	Agents    int // not withdrawn
	Connected int
	Suspect   int // of the connected
	Acked     int // of the connected: at or beyond the revision
}

// Ready reports whether the network knows: at least one agent is connected and
// every connected one has acknowledged.
func (r Readiness) Ready() bool {
	return r.Connected > 0 && r.Acked == r.Connected && r.Suspect == 0
}
