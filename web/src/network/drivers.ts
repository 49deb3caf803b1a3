import type { Key } from '../text/text.ts'
import type { Fields } from './nas.ts'

/** One setting of a driver: a field of the form, under the name that the API gives it. */
export type Setting = {
  name: keyof Fields & ('coa_address' | 'coa_port')
  kind: 'text' | 'number'
  label: Key
  text: Key
  placeholder?: string
}

/** How sessions are ended at a kind of access point. The form is made from this. */
export type Driver = { name: string; label: Key; text: Key; settings: readonly Setting[] }

export const drivers: readonly Driver[] = [
  {
    name: 'radius',
    label: 'web.driver.radius',
    text: 'web.driver.radius.text',
    settings: [
      { name: 'coa_address', kind: 'text', label: 'web.driver.coa_address', text: 'web.driver.coa_address.text' },
      { name: 'coa_port', kind: 'number', label: 'web.driver.coa_port', text: 'web.driver.coa_port.text' },
    ],
  },
]

export const driverOf = (name: string): Driver | undefined => drivers.find((d) => d.name === name)
