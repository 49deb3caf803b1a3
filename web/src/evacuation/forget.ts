import { uninstall } from './install.ts'
import { dropOld, unsent, wipe } from './keep.ts'
import { forgetOutboxes, outboxOf, sendAll } from './outboxes.ts'

export { dropNames } from './keep.ts'

/** Sends what is left, and says how many marks are left then. */
export async function sendLast(): Promise<number> {
  if ((await unsent()) > 0) await sendAll()
  return unsent()
}

export async function sendLeft(actor: string): Promise<void> {
  await dropOld()
  if ((await unsent()) > 0) await outboxOf(actor).flush()
}

export async function forget(): Promise<void> {
  forgetOutboxes()
  await wipe()
  await uninstall()
}
