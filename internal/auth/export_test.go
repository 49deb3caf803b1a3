package auth

// Running reports whether a computation is going on.
func (p *Passwords) Running() bool { return len(p.running) > 0 }

// HOTP is hotp.
func HOTP(secret []byte, counter int64, digits int) string { return hotp(secret, counter, digits) }
