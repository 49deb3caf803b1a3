/** Permissions by what they are about, in the order in which people meet it. */
const order: [group: string, subjects: string[]][] = [
  ['visits', ['visits', 'vouchers', 'people', 'accounts', 'authentications', 'profiles']],
  ['building', ['evacuation', 'kiosks', 'kiosk', 'sites']],
  ['network', ['agents', 'nases', 'rolls', 'portals']],
  ['outside', ['webhooks', 'crm']],
  ['record', ['audit', 'events', 'lawful', 'workflows']],
  ['staff', ['users', 'tokens']],
]

const subjectOf = (permission: string) => permission.split('.')[0] ?? ''

/** Groups that are not empty; what we know no group of comes last. */
export function permissionGroups(permissions: readonly string[]): [string, string[]][] {
  const known = order.flatMap(([, subjects]) => subjects)
  const groups = order.map(([group, subjects]): [string, string[]] => [
    group,
    subjects.flatMap((s) => permissions.filter((p) => subjectOf(p) === s)),
  ])
  groups.push(['other', permissions.filter((p) => !known.includes(subjectOf(p)))])
  return groups.filter(([, list]) => list.length > 0)
}
