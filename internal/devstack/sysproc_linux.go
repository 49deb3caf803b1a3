package devstack

import "syscall"

// childAttr puts a child into its own process group, under the given user if
// there is one, and has the kernel send it a signal when the thread that
// started it ends; see child.run for what that asks of the thread.
func childAttr(account *account, onParentDeath syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onParentDeath}
	if account != nil {
		attr.Credential = &syscall.Credential{Uid: account.uid, Gid: account.gid}
	}
	return attr
}
