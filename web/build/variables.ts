import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from '@mantine/core'
import type { Plugin } from 'vite'
import { theme, variables } from '../src/look/theme.ts'

const name = 'virtual:theme.css'

/**
 * Mantine writes its CSS variables into a style element when it starts, which our
 * content security policy forbids. The theme never changes, so that the same text
 * can be a part of the stylesheet.
 */
export function themeVariables(): Plugin {
  return {
    name: 'theme-variables',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return
      const merged = mergeMantineTheme(DEFAULT_THEME, theme)
      const usual = defaultCssVariablesResolver(merged)
      const ours = variables(merged)
      return convertCssVariables(
        {
          variables: { ...usual.variables, ...ours.variables },
          light: { ...usual.light, ...ours.light },
          dark: { ...usual.dark, ...ours.dark },
        },
        ':root',
      )
    },
  }
}
