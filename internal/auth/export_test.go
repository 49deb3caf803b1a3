package auth

// Running reports whether a computation is going on.
func (p *Passwords) Running() bool { return len(p.running) > 0 }
