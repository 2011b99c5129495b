// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { commandLine, countsBy, countsByServer, latencyOf, pinningOf, placeOf, placesOf } from '../../src/pages/servers/places';
import { hasFailed } from '../../src/pages/servers/Seen';
import { stateOf } from '../../src/pages/servers/State';
import { wordsOf } from '../../src/pages/servers/pasted';

const server = (more: object) =>
  ({
    id: 'srv_1',
    name: 'files',
    transport: 'http',
    url: 'https://x.example/mcp',
    command: [],
    disabled: false,
    settings: {},
    seen: { era: null, protocol_version: null, answered_at: null, failed_at: null },
    ...more,
  }) as never;
const declared = {
  id: 'file.docs',
  name: 'docs',
  transport: 'stdio',
  url: null,
  command: ['npx', 'docs'],
  source: { file: 'a.json', line: 3 },
  credentials: [],
} as never;

test('a command is written so that a shell would take it back', () => {
  for (const command of [['npx', '-y', 'some-server@1'], ['a b', "it's", '', '$HOME', 'x"y'], ["'"]])
    expect(wordsOf(commandLine(command))).toEqual(command);
  expect(commandLine(['npx', '-y', 'a'])).toBe('npx -y a');
});

test('servers of the database and of the file stand together, by name', () => {
  const places = placesOf(
    [server({}), server({ id: 'srv_2', name: 'alpha', transport: 'stdio', command: ['run', 'a b'], settings: { pinning: 'warn' } })],
    [declared],
  );
  expect(places.map((place) => [place.name, place.where, place.isPinned, place.declared?.line])).toEqual([
    ['alpha', "run 'a b'", true, undefined],
    ['docs', 'npx docs', true, 3],
    ['files', 'https://x.example/mcp', false, undefined],
  ]);
  expect(placeOf(server({ disabled: true })).disabled).toBe(true);
});

test('settings that are not known pin nothing', () => {
  expect([{ pinning: 'quarantine' }, { pinning: 'warn' }, { pinning: 'other' }, {}].map(pinningOf)).toEqual([
    'quarantine',
    'warn',
    'off',
    'off',
  ]);
});

test('counts of the log are found by the server\u2019s own name', () => {
  const items = [
    { key: 'default/files', count: 2 },
    { key: 'default/files', count: 3 },
    { key: 'docs', count: 1 },
    { key: null, count: 9 },
  ];
  expect([...countsByServer(items)]).toEqual([
    ['files', 5],
    ['docs', 1],
  ]);
  expect([...countsByServer()]).toEqual([]);
  expect(countsBy(items).get('default/files')).toBe(5);
});

test('latency is of calls that reached the server, without the gateway\u2019s own time', () => {
  const row = (total_us: number, more: object = {}) => ({ method: 'tools/call', outcome: 'allowed', total_us, decide_us: 10, ...more });
  const rows = [
    row(110),
    row(5),
    row(310),
    row(210),
    row(9000, { outcome: 'denied' }),
    row(9000, { method: 'tools/list' }),
    { method: 'tools/call', outcome: 'allowed' },
  ];
  expect(latencyOf(rows)).toEqual({ median: 200, slow: 300, count: 4 });
  expect(latencyOf([row(7, { outcome: 'failed' })])).toBeUndefined();
});

test('a server whose last message failed is in trouble, and answers again with the next', () => {
  const seen = (answered_at: string | null, failed_at: string | null) => ({ era: null, protocol_version: null, answered_at, failed_at });
  const early = '2026-11-22T10:00:00.000Z';
  const late = '2026-11-22T10:00:00.100Z';
  expect([seen(null, null), seen(early, null), seen(late, early)].map(hasFailed)).toEqual([false, false, false]);
  expect([seen(null, early), seen(early, late)].map(hasFailed)).toEqual([true, true]);
  expect(stateOf(false, 100, 0, seen(early, late))).toBe('trouble');
  expect(stateOf(true, 100, 0, seen(early, late))).toBe('disabled');
  expect(stateOf(false, 100, 0, seen(late, early))).toBe('use');
});
