// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { heard, isAway, missed, onBack, patiently } from '../../src/api/presence';

let isThere = false;
let probes = 0;

beforeEach(() => {
  vi.useFakeTimers();
  isThere = false;
  probes = 0;
  vi.stubGlobal('fetch', () => {
    probes++;
    return isThere ? Promise.resolve(new Response('alive')) : Promise.reject(new TypeError('Failed to fetch'));
  });
});

afterEach(() => {
  heard();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('it is asked again, more seldom with time but never given up, until it answers', async () => {
  let backs = 0;
  const end = onBack(() => backs++);
  missed();
  missed();
  expect(isAway()).toBe(true);
  await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000 + 8000);
  expect(probes).toBe(4);
  await vi.advanceTimersByTimeAsync(80_000);
  expect(probes).toBe(14);
  expect([isAway(), backs]).toEqual([true, 0]);
  isThere = true;
  await vi.advanceTimersByTimeAsync(8000);
  expect([isAway(), backs]).toEqual([false, 1]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(probes).toBe(15);
  heard();
  expect(backs).toBe(1);
  end();
});

test('any answer ends the asking', async () => {
  missed();
  heard();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([probes, isAway()]).toEqual([0, false]);
});

test('a file that could not be had is loaded when the gateway is back', async () => {
  const load = vi.fn(() =>
    isThere ? Promise.resolve('page') : Promise.reject(new TypeError('Failed to fetch dynamically imported module')),
  );
  const page = patiently(load);
  await vi.advanceTimersByTimeAsync(500);
  expect([load.mock.calls.length, isAway()]).toEqual([1, true]);
  isThere = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(await page).toBe('page');
  expect(load).toHaveBeenCalledTimes(2);
});

test('a file that a gateway which answers does not have is an error', async () => {
  isThere = true;
  await expect(patiently(() => Promise.reject(new TypeError('gone')))).rejects.toThrow('gone');
});
