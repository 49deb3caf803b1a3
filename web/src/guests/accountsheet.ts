/** The columns that a file of accounts may have. */
export const accountColumns = [
  'login',
  'first_name',
  'last_name',
  'email',
  'phone',
  'company',
  'profile',
  'starts_at',
  'ends_at',
  'notes',
  'language',
] as const

const row = (cells: readonly string[]) => `${cells.join(',')}\r\n`

/** A file to begin with. */
export const sampleFile =
  row(accountColumns) +
  row(['', 'Grace', 'Hopper', 'grace@example.org', '', 'Quay & Sons', '', '', '', '', 'en']) +
  row(['', 'Jonas', 'Weber', '', '+49305550100', '', '', '', '', '', 'de']) +
  row(['room-12', 'Ada', 'Quill', 'ada@example.org', '', '', '', '', '', '', ''])
