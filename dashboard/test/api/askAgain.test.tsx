// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is shown after a change is from after it, also when an answer from before it is on its way.
import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { heard, missed } from '../../src/api/presence';
import { askAgain, askAllAgain, grantsQuery, queryClient, serversQuery } from '../../src/api/queries';
import { addServer, serverQuery, trialQuery } from '../../src/api/servers';

vi.hoisted(() => {
  // Node's requests know of no page whose address they could begin with.
  const Plain = globalThis.Request;
  globalThis.Request = class extends Plain {
    constructor(target: string | URL | Request, init?: RequestInit) {
      super(typeof target === 'string' ? new URL(target, 'http://gateway.test') : target, init);
    }
  };
});

interface Held {
  what: string;
  give: (body: unknown) => void;
}

// Requests that wait for their answers, in the order in which they came.
let held: Held[] = [];

const server = (name: string) => ({ id: name, name });
const list = (...names: string[]) => ({ items: names.map(server), next: null });
const read = (answer: ReturnType<typeof list>) => ({ items: answer.items, isCut: false }); // as a page has it
const comes = (count: number) => waitFor(() => expect(held).toHaveLength(count));
const give = (index: number, body: unknown) => act(async () => held[index]?.give(body));

function Names() {
  const { data } = useQuery(serversQuery);
  return <p role="status">{data === undefined ? 'nothing yet' : data.items.map(({ name }) => name).join(' ')}</p>;
}

const shown = () => screen.getByRole('status').textContent;

function show(what = <Names />) {
  return render(<QueryClientProvider client={queryClient}>{what}</QueryClientProvider>);
}

beforeEach(() => {
  held = [];
  vi.stubGlobal('fetch', (request: Request) => {
    const path = `${request.method} ${new URL(request.url).pathname}`;
    if (path.endsWith('healthz')) return Promise.resolve(new Response(''));
    return new Promise((done) => held.push({ what: path, give: (body) => done(Response.json(body)) }));
  });
});

afterEach(() => {
  cleanup();
  heard();
  queryClient.clear();
  vi.unstubAllGlobals();
});

test('a first answer that was on its way when something changed is not shown', async () => {
  show();
  await comes(1);
  const added = addServer({ name: 'second', transport: 'http', url: 'http://x.test', command: [], secrets: [] });
  await comes(2);
  await give(1, server('second'));
  await comes(3); // the list, anew
  await give(0, list('first'));
  expect(shown()).toBe('nothing yet');
  await give(2, list('first', 'second'));
  await added;
  await waitFor(() => expect(shown()).toBe('first second'));
  expect(held.map(({ what }) => what)).toEqual(['GET /api/v1/servers', 'POST /api/v1/servers', 'GET /api/v1/servers']);
});

test('neither is a later one, and what was shown stays until the new one comes', async () => {
  show();
  await comes(1);
  await give(0, list('first'));
  await waitFor(() => expect(shown()).toBe('first'));
  void askAgain(['servers']);
  await comes(2);
  void askAgain(['servers']);
  await comes(3);
  await give(1, list('old'));
  expect(shown()).toBe('first');
  await give(2, list('new'));
  await waitFor(() => expect(shown()).toBe('new'));
});

test('who left the page before its answer came finds the newer one', async () => {
  const page = show();
  await comes(1);
  page.unmount();
  void askAgain(['servers']);
  await comes(2);
  await give(0, list('old'));
  await give(1, list('new'));
  show();
  await waitFor(() => expect(shown()).toBe('new'));
});

test('who waits for an answer gets the new one', async () => {
  const waits = queryClient.fetchQuery(serversQuery);
  await comes(1);
  void askAgain(['servers']);
  await comes(2);
  await give(0, list('old'));
  await give(1, list('new'));
  expect((await waits).items).toEqual([server('new')]);
});

test('several keys at once, and nothing else', async () => {
  const waits = [serversQuery, serverQuery('one'), grantsQuery].map((query) => queryClient.fetchQuery<unknown>(query as never));
  await comes(3);
  void askAgain(['servers', 'one'], ['nowhere']);
  await comes(4);
  await give(0, list('first'));
  await give(1, server('old'));
  await give(2, list('once'));
  await give(3, server('new'));
  expect(await Promise.all(waits)).toEqual([read(list('first')), server('new'), read(list('once'))]);
});

test('all is asked again, but what only a person begins and what is being tried as the gateway comes back', async () => {
  function Trial() {
    const trial = useQuery(trialQuery('one'));
    return (
      <button type="button" onClick={() => void trial.refetch()}>
        {trial.data === undefined ? 'Try' : 'Tried'}
      </button>
    );
  }
  const page = show(
    <>
      <Names />
      <Trial />
    </>,
  );
  await comes(1);
  screen.getByRole('button').click();
  await comes(2);
  missed();
  heard();
  page.unmount();
  show(<Names />);
  void askAllAgain();
  await comes(3);
  await give(2, list('new'));
  await waitFor(() => expect(shown()).toBe('new'));
  expect(held.map(({ what }) => what)).toEqual(['GET /api/v1/servers', 'POST /api/v1/servers/one/test', 'GET /api/v1/servers']);
  missed();
  heard();
  await comes(4); // what there is may have changed meanwhile
  await give(1, { catalogued: false });
  expect(queryClient.getQueryData(trialQuery('one').queryKey)).toEqual({ catalogued: false });
});
