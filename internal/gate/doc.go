// Package gate speaks with the network devices that hold guests back until a portal
// lets them go: what a device says when it sends a browser to the portal, and what it
// wants to be told to open. One file a vendor.
//
// Nothing here does I/O. An Adapter reads the query of a redirect (Parse) and composes
// the way on (Release): an address to send the browser to, a form that it is to post,
// a request that the server makes itself, or an entry that the device collects. Who
// calls it does that.
//
// A redirect is written by the guest's browser, so nothing in it is believed: a host
// that the browser would be sent to with a secret must be one of those that staff have
// named or that the vendor fixes (Settings.Hosts), and an Arrival says which device a
// secret is for, so that whoever forges another gets nothing that opens their own gate.
package gate
