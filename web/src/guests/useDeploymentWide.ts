import { useMe } from '../useMe.ts'

/** Whether somebody may change what all sites share. */
export function useDeploymentWide(permission: string): boolean {
  const { me, can } = useMe()
  return Boolean(me?.all_sites) && can(permission)
}
