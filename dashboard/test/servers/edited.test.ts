// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { changeOf, formOf, isChanged } from '../../src/pages/servers/edited';

type Server = Parameters<typeof formOf>[0];

const http = {
  name: 'files',
  transport: 'http',
  url: 'https://x.example/mcp',
  command: [],
  disabled: false,
  settings: {},
} as unknown as Server;
const program = {
  ...http,
  transport: 'stdio',
  url: '',
  command: ['npx', 'a b'],
  settings: { pinning: 'warn', era: 'legacy', max_calls: 3 },
} as unknown as Server;

test('a form that nobody touched changes nothing', () => {
  for (const server of [http, program]) {
    expect(isChanged(formOf(server), server)).toBe(false);
    expect(changeOf(formOf(server), server)).toEqual({ kind: 'good', change: {} });
  }
  expect(formOf(program)).toMatchObject({ where: "npx 'a b'", pinning: 'warn', era: 'legacy', other: '{\n  "max_calls": 3\n}' });
});

test('only what was changed is sent', () => {
  expect(changeOf({ ...formOf(http), name: 'docs' }, http)).toEqual({ kind: 'good', change: { name: 'docs' } });
  expect(changeOf({ ...formOf(http), where: ' https://y.example ' }, http)).toEqual({ kind: 'good', change: { url: 'https://y.example' } });
  expect(changeOf({ ...formOf(program), where: 'npx "c d" e' }, program)).toEqual({
    kind: 'good',
    change: { command: ['npx', 'c d', 'e'] },
  });
  expect(changeOf({ ...formOf(http), disabled: true }, http)).toEqual({ kind: 'good', change: { disabled: true } });
});

test('settings go as a whole: the form\u2019s own members by the form, all others as they were', () => {
  expect(changeOf({ ...formOf(program), pinning: 'off' }, program)).toEqual({
    kind: 'good',
    change: { settings: { era: 'legacy', max_calls: 3 } },
  });
  const other = '{"max_calls": 4, "pinning": "quarantine", "era": "modern"}';
  expect(changeOf({ ...formOf(program), other }, program)).toEqual({
    kind: 'good',
    change: { settings: { max_calls: 4, pinning: 'warn', era: 'legacy' } },
  });
  expect(changeOf({ ...formOf(http), other: ' ', era: 'modern' }, http)).toEqual({ kind: 'good', change: { settings: { era: 'modern' } } });
});

test('what is not a command or an object is said, and not sent', () => {
  expect(changeOf({ ...formOf(program), where: "npx 'open" }, program)).toEqual({ kind: 'wrong', field: 'command' });
  for (const other of ['{', '[]', '7', 'null', '"x"'])
    expect(changeOf({ ...formOf(http), other }, http)).toEqual({ kind: 'wrong', field: 'settings' });
});
