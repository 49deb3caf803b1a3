package auth

import (
	"context"

	"github.com/foyerhq/foyer/internal/visit"
)

// HashPIN returns the PHC string of a PIN to store. Its few digits do not withstand
// guessing at leisure: keep the string sealed, and let tries wait for each other.
// Errors: those of visit.CheckPIN, ErrBusy, ctx's.
func (p *Passwords) HashPIN(ctx context.Context, pin string) (string, error) {
	if err := visit.CheckPIN(pin); err != nil {
		return "", err
	}
	return p.hash(ctx, pin)
}
