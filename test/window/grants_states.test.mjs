// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Grants that a fuse has paused, that got new tokens, that are over, and those that the configuration file declares.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { desk } from '../lib/desk.mjs';
import { ALLOW_ALL } from '../lib/gateway.mjs';
import { newToken, scratch, sha256 } from '../lib/scratch.mjs';
import { FakeUpstream } from '../lib/upstream.mjs';
import { textOf } from '../lib/waiting.mjs';

const FUSE = { ...ALLOW_ALL, runaway: { identical_calls: { max: 2, window: 'hour' }, reason: 'It <b>repeats</b> itself.\u202e' } };

test('a grant that the fuse has paused says why, and calls again when somebody lets it', async t => {
  const here = await desk(t, { document: FUSE });
  if (!here) return;
  const page = await here.open({ at: '/grants' });
  const row = page.getByRole('row', { name: /ci-runner/ });
  await row.getByText('Active').waitFor();
  const calls = [];
  for (let i = 0; i < 3; i++) calls.push(await here.call({ same: true }, 'free'));
  assert.deepEqual(calls.map(result => Boolean(result.isError)), [false, false, true], textOf({ result: calls[2] }));
  await page.reload();
  await row.getByText('Paused').waitFor();
  await page.look('grants-paused-list');
  await row.getByRole('link', { name: 'ci-runner' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Paused: every call is denied.').waitFor();
  assert.match(await alert.innerText(), /It <b>repeats<\/b> itself\.U\+202E/);
  await page.look('grants-paused');

  const viewer = await here.open({ cookie: await here.member('viewer'), at: new URL(page.url()).pathname });
  await viewer.getByText('Paused: every call is denied.').waitFor();
  assert.equal(await viewer.getByRole('button', { name: 'Let it call again' }).count(), 0);
  const manager = await here.open({ cookie: await here.member('policy_manager'), at: new URL(page.url()).pathname });
  await manager.getByRole('button', { name: 'Let it call again' }).click();
  await manager.getByText('Paused: every call is denied.').waitFor({ state: 'detached' });
  const again = await here.call({ same: true }, 'free');
  assert.ok(!again.isError, textOf({ result: again }));
  for (const one of [page, viewer, manager]) assert.deepEqual(one.complaints, []);
});

const opens = async (here, token) => {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'agent', version: '1' } };
  return (await fetch(`${here.base}/mcp/files`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) })).status;
};

test('a new token is shown once; the old one stays good for as long as one said', async t => {
  const here = await desk(t, { document: ALLOW_ALL });
  if (!here) return;
  const { id, token: old } = here.grant;
  const page = await here.open({ at: '/grants/' + id });
  const dialog = page.getByRole('dialog');
  const renew = async overlap => {
    await page.getByRole('button', { name: 'New token' }).click();
    await dialog.getByRole('combobox', { name: 'The old ones stay good' }).click();
    await page.getByRole('option', { name: overlap }).click();
    await dialog.getByRole('button', { name: 'New token' }).click();
    const token = await dialog.getByRole('region', { name: 'Token' }).innerText();
    return token;
  };
  const second = await renew('for an hour');
  assert.notEqual(second, old);
  await page.look('grants-rotated');
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.ok(!(await page.content()).includes(second));
  assert.deepEqual([await opens(here, old), await opens(here, second)], [200, 200]);
  const third = await renew('not at all');
  await page.reload();
  await page.getByRole('heading', { name: 'ci-runner', level: 1 }).waitFor();
  await page.getByText('It has called no tool yet.').or(page.getByRole('table', { name: 'Last calls' })).first().waitFor();
  assert.ok(!(await page.content()).includes(third), 'it is shown once');
  const kept = await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
  for (const token of [second, third]) assert.ok(!kept.includes(token), 'no token is kept in the browser');
  assert.deepEqual([await opens(here, old), await opens(here, second), await opens(here, third)], [401, 401, 200]);
  assert.deepEqual(page.complaints, []);
});

test('who may not change grants is offered nothing of it', async t => {
  const here = await desk(t);
  if (!here) return;
  for (const role of ['viewer', 'policy_manager']) {
    const page = await here.open({ cookie: await here.member(role), at: '/grants/' + here.grant.id });
    await page.getByRole('heading', { name: 'ci-runner', level: 1 }).waitFor();
    await page.getByText('No call of it runs without being asked about.').waitFor();
    for (const name of ['Change', 'New token', 'Revoke', 'Empty the counters']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, `${role} ${name}`);
    await page.goto(here.base + '/grants');
    await page.getByRole('link', { name: 'ci-runner' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'New grant' }).count(), 0, role);
    assert.deepEqual(page.complaints, []);
  }
});

test('grants of the configuration file are there, read only', async t => {
  const token = newToken(), quiet = path.join(scratch(t), 'quiet.policy.json'), filed = await FakeUpstream.start(t);
  fs.writeFileSync(quiet, JSON.stringify({ version: '1', default: 'deny' }));
  const extra = {
    servers: { filed: { url: filed.url }, other: { url: filed.url } },
    policies: { quiet },
    grants: {
      'filed-ci': { token_sha256: sha256(token), servers: { filed: 'quiet' }, tags: ['night'], expires: '2031-01-02T03:04:05Z' },
      bare: { token_sha256: sha256(newToken()), servers: ['filed', 'other'], mode: 'observe' },
    },
  };
  const here = await desk(t, { extra, document: ALLOW_ALL });
  if (!here) return;
  const page = await here.open({ at: '/grants' });
  const row = page.getByRole('row', { name: /filed-ci/ });
  await row.getByText('Configuration file').waitFor();
  await page.getByRole('row', { name: /ci-runner/ }).first().waitFor();
  assert.match(await page.getByRole('row', { name: /^bare/ }).innerText(), /2 servers[^]*Observe/);
  await page.look('grants-declared-list');
  await row.getByRole('link').click();
  await page.getByRole('heading', { name: 'filed-ci', level: 1 }).waitFor();
  await page.getByText(/It is declared in .*sallyport\.json, line \d+, and is changed there\./).waitFor();
  await page.getByRole('table', { name: 'Servers' }).getByText('quiet').waitFor();
  await page.getByText('night').waitFor();
  await page.getByText('No call of it runs without being asked about.').waitFor();
  await page.getByText('which names no organisation for them').waitFor();
  for (const name of ['Change', 'New token', 'Revoke']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  await page.look('grants-declared');
  assert.ok(!(await page.content()).includes(sha256(token)));
  await page.reload();
  await page.getByRole('heading', { name: 'filed-ci', level: 1 }).waitFor();
  await page.goto(here.base + '/grants/file.bare');
  const places = page.getByRole('table', { name: 'Servers' });
  await places.getByText('other').waitFor();
  assert.equal(await places.getByText('none: all is denied').count(), 2);
  await page.goto(here.base + '/grants/file.nothing');
  await page.getByText('There is no such grant.').waitFor();
  const viewer = await here.open({ cookie: await here.member('viewer'), at: '/grants/file.bare' });
  await viewer.getByRole('heading', { name: 'bare', level: 1 }).waitFor();
  assert.deepEqual([...page.complaints, ...viewer.complaints], []);
});
