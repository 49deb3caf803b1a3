package auth

import "context"

// Identity is what a request's credentials proved.
type Identity struct {
	Principal Principal
	// Again asks what the same credentials prove now. Who serves one request for
	// long (a live screen) calls it from time to time. Errors: KindUnauthenticated
	// when they no longer hold; others say nothing about them.
	Again func(context.Context) (Principal, error)
}

type identityKey struct{}

// WithIdentity returns a context that carries who makes the request.
func WithIdentity(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}

// IdentityOf returns who makes the request; the zero Identity may do nothing.
func IdentityOf(ctx context.Context) Identity {
	identity, _ := ctx.Value(identityKey{}).(Identity)
	return identity
}

// PrincipalOf returns the principal of IdentityOf.
func PrincipalOf(ctx context.Context) Principal { return IdentityOf(ctx).Principal }
