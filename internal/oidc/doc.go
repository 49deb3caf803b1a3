// Package oidc signs staff in at their organisation's own OpenID Connect provider:
// authorization code flow with PKCE (RFC 7636, S256), state and nonce.
//
// Between Begin and Finish nothing is stored here: what must be remembered (state,
// nonce, code verifier) is sealed with the deployment key into a cookie that is good
// for ten minutes, so that any replica finishes what another began.
//
// A person is who the ID token says after all of it holds: signature by a key of the
// provider's published set and with an asymmetric algorithm, issuer, audience, expiry
// and nonce. An address that the provider has not verified is no address.
//
// What somebody may do here is said by one claim, whose values are mapped to a role
// and sites by settings ([ParseRights]); without one, users keep what they were given.
package oidc
