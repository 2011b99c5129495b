// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { api, carry, onEnded, onRenewed } from '../../src/api/client';
import { heard, isAway } from '../../src/api/presence';

vi.hoisted(() => {
  // Node's requests know of no page whose address they could begin with.
  const Plain = globalThis.Request;
  globalThis.Request = class extends Plain {
    constructor(target: string | URL | Request, init?: RequestInit) {
      super(typeof target === 'string' ? new URL(target, 'http://gateway.test') : target, init);
    }
  };
});

const sent: { token: string | null; body: string }[] = [];
const problem = (status: number, kind: string) =>
  new Response(JSON.stringify({ type: `urn:sallyport:problem:${kind}`, detail: kind }), { status });

function answering(...answers: Response[]) {
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push({ token: request.headers.get('X-CSRF-Token'), body: await request.text() });
    return answers.shift() ?? Promise.reject(new TypeError('Failed to fetch'));
  });
}

const mint = () => api.POST('/grants', { body: { label: 'ci' } });
const failure = (answer: Promise<unknown>) =>
  answer.then(
    () => 'none',
    (error: unknown) => error,
  );

beforeEach(() => {
  sent.length = 0;
  carry('old');
  onRenewed(() => Promise.resolve(false));
});

afterEach(() => {
  heard();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('a change that is refused for its token alone goes again, whole, with the right one', async () => {
  answering(problem(403, 'csrf'), Response.json({ id: 'grt_1' }, { status: 201 }));
  onRenewed(() => {
    carry('new');
    return Promise.resolve(true);
  });
  expect((await mint()).data).toEqual({ id: 'grt_1' });
  expect(sent).toEqual([
    { token: 'old', body: '{"label":"ci"}' },
    { token: 'new', body: '{"label":"ci"}' },
  ]);
});

test('it goes once where there is no other token, or another reason', async () => {
  answering(problem(403, 'csrf'), problem(403, 'forbidden'));
  expect(await failure(mint())).toMatchObject({ kind: 'csrf', status: 403 });
  onRenewed(() => Promise.resolve(true));
  expect(await failure(mint())).toMatchObject({ kind: 'forbidden', status: 403 });
  expect(sent).toHaveLength(2);
});

test('an end of the session is told, and is an answer', async () => {
  let ended = 0;
  onEnded(() => ended++);
  answering(problem(401, 'authentication'));
  expect(await failure(api.GET('/session'))).toMatchObject({ status: 401 });
  expect([ended, isAway()]).toEqual([1, false]);
});

test('who cannot be reached is away, until an answer comes', async () => {
  answering();
  expect(await failure(api.GET('/session'))).toMatchObject({ kind: 'unreachable' });
  expect(isAway()).toBe(true);
  answering(problem(503, 'unavailable'));
  expect(await failure(api.GET('/session'))).toMatchObject({ status: 503 });
  expect(isAway()).toBe(false);
});

function never() {
  vi.stubGlobal(
    'fetch',
    (_: Request, { signal }: { signal: AbortSignal }) =>
      new Promise((_done, fail) => {
        const give = () => fail(signal.reason as Error);
        if (signal.aborted) give();
        else signal.addEventListener('abort', give);
      }),
  );
}

test('what is not answered is given up, a change later than a question', async () => {
  vi.useFakeTimers();
  never();
  const ends: string[] = [];
  void failure(api.GET('/session')).then((error) => ends.push(`asked ${(error as { kind: string }).kind}`));
  void failure(mint()).then((error) => ends.push(`changed ${(error as { kind: string }).kind}`));
  await vi.advanceTimersByTimeAsync(29_900);
  expect(ends).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  expect(ends).toEqual(['asked unreachable']);
  await vi.advanceTimersByTimeAsync(90_000);
  expect(ends).toEqual(['asked unreachable', 'changed unreachable']);
});

test('what the page itself does not want any more says nothing about the gateway', async () => {
  never();
  const unwanted = new AbortController();
  const answer = failure(api.GET('/session', { signal: unwanted.signal }));
  unwanted.abort();
  expect(await answer).toMatchObject({ name: 'AbortError' });
  expect(isAway()).toBe(false);
});
