// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The only place where colours, sizes and fonts are chosen. The pages that the gateway writes itself
// (src/pages/files/pages.css) have the same colours.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

import { words } from '../words/words';
import tabs from './tabs.module.css';

const accent: MantineColorsTuple = [
  '#e8f6f1',
  '#d3ebe3',
  '#a6d6c7',
  '#76c0aa',
  '#4ead92',
  '#34a182',
  '#1f7a66',
  '#0b5d4b',
  '#084a3c',
  '#05372d',
];

const danger: MantineColorsTuple = [
  '#fbeaee',
  '#f3d0d9',
  '#ff8fa6',
  '#ea7f97',
  '#ff8fa6',
  '#c23a5c',
  '#b32a4d',
  '#a01a3c',
  '#821330',
  '#640d24',
];

const MOTION_MS = 120; // none where the reader wants none

export const theme = createTheme({
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 }, // white is read on both
  colors: { accent, danger },
  autoContrast: true,
  luminanceThreshold: 0.25,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1.0625rem' }, h3: { fontSize: '0.9375rem' } },
  },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    // Of long lists what is typed finds the rest.
    Select: { defaultProps: { size: 'sm', checkIconPosition: 'right', limit: 200 } },
    MultiSelect: { defaultProps: { size: 'sm', limit: 200 } },
    Table: { defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm', highlightOnHover: true, highlightOnHoverColor: 'var(--faint)' } },
    Tabs: { defaultProps: { classNames: { list: tabs.list, tab: tabs.tab } } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 360 } },
    Modal: {
      // Its header is none of the page's.
      defaultProps: {
        centered: true,
        transitionProps: { duration: MOTION_MS },
        closeButtonProps: { 'aria-label': words.close },
        attributes: { header: { role: 'presentation' } },
      },
    },
    Alert: { styles: { title: { color: 'var(--mantine-color-text)' } } },
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': words.close } } },
    ModalRoot: { defaultProps: { transitionProps: { duration: MOTION_MS } } },
    DrawerRoot: { defaultProps: { transitionProps: { duration: MOTION_MS } } },
    Menu: { defaultProps: { transitionProps: { duration: MOTION_MS } } },
    Drawer: {
      defaultProps: {
        transitionProps: { duration: MOTION_MS },
        closeButtonProps: { 'aria-label': words.close },
        attributes: { header: { role: 'presentation' } },
      },
    },
    CloseButton: { defaultProps: { 'aria-label': words.close } },
    Badge: { defaultProps: { variant: 'default', tt: 'none', fw: 600 } },
    Paper: { defaultProps: { withBorder: true, bg: 'var(--card)' } },
  },
});

const light = {
  page: '#f6f7f5',
  card: '#ffffff',
  text: '#1b201d',
  soft: '#55605a',
  line: '#d8ddd9',
  faint: '#ebeeeb',
  code: '#f0f2f0',
  low: '#2d6a8f',
  medium: '#6d5a00',
  high: '#a84300',
  critical: '#a01a3c',
  unknown: '#5a5f66',
  read: '#5b9cc4',
  write: '#cdb13a',
  execute: '#e08a3c',
  destructive: '#c9405f',
  financial: '#7c2a6f',
  other: '#8b9198',
  good: '#0b5d4b',
  changed: '#fff0b8',
  'bar-allowed': '#8cc9b8',
  'bar-waiting': '#e3b92f',
  'bar-denied': '#8f1236',
  'bar-failed': '#e5702a',
};
const dark: typeof light = {
  page: '#111412',
  card: '#191d1b',
  text: '#e6eae7',
  soft: '#a3aea7',
  line: '#343c37',
  faint: '#232825',
  code: '#141816',
  low: '#8cc4e6',
  medium: '#e0cb6a',
  high: '#f5a566',
  critical: '#ff8fa6',
  unknown: '#b4bac2',
  read: '#4f8fb8',
  write: '#b89c2c',
  execute: '#cf7a2e',
  destructive: '#d1506d',
  financial: '#b06aa5',
  other: '#7b828a',
  good: '#6fd3b8',
  changed: '#5a4a0c',
  'bar-allowed': '#2c7d69',
  'bar-waiting': '#f0d268',
  'bar-denied': '#d8446a',
  'bar-failed': '#f79a4e',
};

function named(tokens: typeof light): Record<string, string> {
  const own = Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`--${name}`, value]));
  return {
    ...own,
    '--mantine-color-body': tokens.page,
    '--mantine-color-text': tokens.text,
    '--mantine-color-dimmed': tokens.soft,
    '--mantine-color-default-border': tokens.line,
    '--mantine-color-default': tokens.card,
    '--mantine-color-default-hover': tokens.faint,
    '--mantine-color-error': tokens.critical,
    '--mantine-color-anchor': tokens.good,
    '--mantine-color-red-light-color': tokens.critical,
    '--mantine-color-yellow-light-color': tokens.medium,
  };
}

// What is filled has white text in both schemes.
const filled = {
  '--mantine-color-accent-filled': accent[6],
  '--mantine-color-accent-filled-hover': accent[7],
  '--mantine-primary-color-filled': accent[6],
  '--mantine-primary-color-filled-hover': accent[7],
  '--mantine-color-danger-filled': danger[6],
  '--mantine-color-danger-filled-hover': danger[7],
};

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: named(light), dark: { ...named(dark), ...filled } });
