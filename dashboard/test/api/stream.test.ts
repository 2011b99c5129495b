// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { heard, missed } from '../../src/api/presence';
import { follow } from '../../src/api/stream';

const asked = vi.hoisted((): string[] => []);
vi.mock('../../src/api/client', () => ({
  ROOT: '/api/v1',
  api: {
    GET: (path: string) => {
      asked.push(path);
      return Promise.reject(new Error('401'));
    },
  },
}));

// Those that were made, the newest last.
let made: Source[] = [];
let isHidden = false;
let end = () => {};

class Source extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState = Source.CONNECTING;
  onopen: () => void = () => {};
  onerror: () => void = () => {};
  readonly url: string;
  constructor(url: string) {
    super();
    this.url = url;
    made.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  answer() {
    this.readyState = Source.OPEN;
    this.onopen();
  }
  refuse() {
    this.readyState = Source.CLOSED;
    this.onerror();
  }
  drop() {
    this.readyState = Source.CONNECTING;
    this.onerror();
  }
}

const newest = () => made.at(-1) as Source;
const open = () => made.filter((source) => source.readyState !== Source.CLOSED).length;

function turn(hidden: boolean) {
  isHidden = hidden;
  document.dispatchEvent(new Event('visibilitychange'));
}

function begin(more: { stays?: () => boolean } = {}) {
  const told: unknown[] = [];
  end = follow({
    path: '/decisions/stream?x=1',
    events: { decision: (data) => told.push(data) },
    whenOpen: () => told.push('open'),
    whenBroken: () => told.push('broken'),
    ...more,
  });
  return told;
}

beforeEach(() => {
  vi.useFakeTimers();
  made = [];
  asked.length = 0;
  isHidden = false;
  vi.stubGlobal('EventSource', Source);
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => isHidden);
});

afterEach(() => {
  end();
  heard();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('events come as what they hold, from the API', () => {
  const told = begin();
  expect(newest().url).toBe('/api/v1/decisions/stream?x=1');
  newest().answer();
  newest().dispatchEvent(new MessageEvent('decision', { data: '{"seq": 7}' }));
  newest().dispatchEvent(new MessageEvent('other', { data: '{' }));
  expect(told).toEqual(['open', { seq: 7 }]);
});

test('one that was dropped is left to the browser, which tries again', async () => {
  const told = begin();
  newest().answer();
  newest().drop();
  expect(told).toEqual(['open', 'broken']);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(made).toHaveLength(1);
  newest().answer();
  expect(told).toEqual(['open', 'broken', 'open']);
});

test('one that was refused is opened again, later each time, and why is asked', async () => {
  begin();
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    const count = made.length;
    newest().refuse();
    const before = Date.now();
    while (made.length === count) await vi.advanceTimersByTimeAsync(100);
    waits.push(Date.now() - before);
  }
  expect(waits).toEqual([3000, 6000, 12_000, 24_000, 30_000, 30_000]);
  expect(asked).toEqual(Array(6).fill('/session'));
  expect(open()).toBe(1);
  // Once it was open, the next time begins with the shortest wait.
  newest().answer();
  newest().refuse();
  await vi.advanceTimersByTimeAsync(3000);
  expect(made).toHaveLength(8);
});

test('while the gateway is away nobody else is asked; when it is back the stream is opened at once', async () => {
  const told = begin();
  newest().answer();
  missed();
  newest().drop();
  expect(asked).toEqual([]);
  heard();
  expect(made).toHaveLength(2);
  expect(open()).toBe(1);
  newest().answer();
  missed();
  heard();
  expect(made).toHaveLength(2);
  expect(told).toEqual(['open', 'broken', 'open']);
});

test('a page that nobody sees gives its connection back, and takes it up again', async () => {
  begin();
  turn(true);
  expect(open()).toBe(0);
  await vi.advanceTimersByTimeAsync(60_000);
  missed();
  heard();
  expect(made).toHaveLength(1);
  turn(false);
  turn(false);
  expect(made).toHaveLength(2);
  expect(open()).toBe(1);
});

test('a page that begins unseen opens nothing, unless it stays; who stays keeps the connection', () => {
  isHidden = true;
  begin();
  expect(made).toHaveLength(0);
  end();
  begin({ stays: () => true });
  expect(open()).toBe(1);
  turn(false);
  turn(true);
  expect(made).toHaveLength(1);
});

test('after its end nothing comes back: not by time, by being seen, or by the gateway', async () => {
  begin();
  newest().refuse();
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  turn(true);
  turn(false);
  missed();
  heard();
  expect(made).toHaveLength(1);
  expect(open()).toBe(0);
});
