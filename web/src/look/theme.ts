import { createTheme, defaultVariantColorsResolver, type MantineColorsTuple, type MantineTheme } from '@mantine/core'

/** The one accent. Shade 7 carries white text, shade 4 black text, both at more than 4.5:1. */
const teal: MantineColorsTuple = [
  '#ecfaf7',
  '#d3f2ec',
  '#a6e5da',
  '#74d6c6',
  '#4ccab6',
  '#22a896',
  '#0f9080',
  '#0b7a6d',
  '#086358',
  '#044b43',
]

export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 4 },
  // On the accent, text is white in light and dark in dark; Mantine would take one of them for both.
  variantColorResolver: (input) => ({
    ...defaultVariantColorsResolver(input),
    ...(input.variant === 'filled' && (input.color ?? 'teal') === 'teal'
      ? { color: 'var(--mantine-primary-color-contrast)' }
      : {}),
  }),
  colors: { teal },
  defaultRadius: 8,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    // Mantine's way of locking the scroll writes a style element; look/global.css
    // does it by a selector.
    Modal: { defaultProps: { lockScroll: false, transitionProps: { duration: 120 }, radius: 8, centered: true } },
    Drawer: { defaultProps: { lockScroll: false, transitionProps: { duration: 140 } } },
    // Without the placeholder the first item has the focus, as menus should.
    Menu: {
      defaultProps: {
        shadow: 'md',
        position: 'bottom-end',
        transitionProps: { duration: 80 },
        withInitialFocusPlaceholder: false,
      },
    },
    // Fields beside each other stay in line, whichever has a description.
    InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 80 } } },
  },
})

type Variables = { variables: Record<string, string>; light: Record<string, string>; dark: Record<string, string> }

/** Ours beside Mantine's: states, and texts whose usual greys are too faint. */
export const variables = (_: MantineTheme): Variables => ({
  variables: {},
  light: {
    '--mantine-color-text': '#1b1f23',
    '--mantine-color-dimmed': '#555d66',
    '--mantine-color-placeholder': '#6a727a',
    '--mantine-color-error': '#c02626',
    '--page': '#ffffff',
    '--rail': '#f6f7f8',
    '--line': '#e3e6e9',
    '--hover': '#f3f6f6',
    '--good': '#176b34',
    '--good-soft': '#e5f5ea',
    '--warn': '#8a4b00',
    '--warn-soft': '#fdf1dc',
    '--warn-line': '#d98a12',
    '--bad': '#b42020',
    '--bad-soft': '#fdebeb',
    '--info': '#1d5b9f',
    '--info-soft': '#e8f1fb',
    '--muted': '#555d66',
    '--muted-soft': '#eceff1',
  },
  dark: {
    '--mantine-primary-color-contrast': '#04211c',
    '--mantine-color-text': '#e6e8ea',
    '--mantine-color-body': '#17191b',
    '--mantine-color-dimmed': '#a7adb3',
    '--mantine-color-placeholder': '#959ba1',
    '--mantine-color-error': '#ff8787',
    '--page': '#17191b',
    '--rail': '#1e2124',
    '--line': '#33383d',
    '--hover': '#212528',
    '--good': '#7bd88f',
    '--good-soft': '#173022',
    '--warn': '#f5b95b',
    '--warn-soft': '#37290f',
    '--warn-line': '#d98a12',
    '--bad': '#ff9b9b',
    '--bad-soft': '#3b1c1c',
    '--info': '#8fc1f5',
    '--info-soft': '#182b40',
    '--muted': '#a7adb3',
    '--muted-soft': '#2a2e32',
  },
})
