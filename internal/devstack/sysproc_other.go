//go:build unix && !linux

package devstack

import "syscall"

// childAttr is the portable subset: without a death signal a child of a killed
// parent runs on until the next start on its directory ends it.
func childAttr(account *account, _ syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if account != nil {
		attr.Credential = &syscall.Credential{Uid: account.uid, Gid: account.gid}
	}
	return attr
}
