// Package e2e tells the product's story from outside: real processes, real
// sockets, a simulated access point and radclient as an independent client.
package e2e
