/** What the rest of the dashboard asks of the evacuation page's storage; fetched when it is asked. */
const kept = () => import('./forget.ts')

/** Marks on this device that the server does not have. */
export async function unsentMarks(): Promise<number> {
  try {
    return await (await kept()).sendLast()
  } catch {
    return 0 // a browser that keeps nothing
  }
}

/** Sends what an earlier page of somebody's left. */
export const sendLeft = (actor: string): Promise<void> => ifItCan(async () => (await kept()).sendLeft(actor))

/** Removes everything: whoever signs out leaves nothing on the device. */
export const forgetEvacuation = (): Promise<void> => ifItCan(async () => (await kept()).forget())

/** Removes the names only, for who was signed out by time: signing in again sends their marks. */
export const forgetNames = (): Promise<void> => ifItCan(async () => (await kept()).dropNames())

async function ifItCan(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch {
    // A browser that keeps nothing has nothing to remove.
  }
}
