// Package pfsense reads and writes what pfSense keeps of its vouchers: the sections
// voucher and captiveportal of config.xml, and the names of the two files that hold a
// roll's state. What is in those files is for package roll.
//
// The package is pure: it opens nothing. A zone's private key is in what it reads and
// writes.
package pfsense
