// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// subscriptions/listen of 2026-07-28: what a client would hear of is judged resource by resource.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startGateway } from '../lib/gateway.mjs';
import { modern, modernHeaders, modernMessage } from '../lib/mcp.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { LIB } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'allow', resources: { default: 'allow', 'file:///secret/*': { action: 'hide' }, 'file:///etc/*': { action: 'deny', reason: 'Not that.' }, 'file:///ask/*': { action: 'require_approval' } } };

// The server acknowledges what reached it and closes.
const listening = (t, extra = {}) => scene(t, { policy: POLICY, upstream: { eras: 'modern', onMessage: (m, c) => {
  if (m.method !== 'subscriptions/listen') return false;
  c.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: m.params.notifications } });
  c.event(c.envelope({ result: { resultType: 'complete' } }));
  c.res.end();
  return true;
} }, ...extra });
const listen = async (gateway, notifications) => modern(gateway, 'fake', 'subscriptions/listen', { notifications }, { id: 'l' });
const honoured = answer => answer.messages[0].params.notifications.resourceSubscriptions;

test('refused resources are left out and logged, each by itself; the rest goes on', async t => {
  const { fake, gateway } = await listening(t);
  for (const [asked, got] of [
    [['file:///a', 'file:///secret/x', 'file:///b'], ['file:///a', 'file:///b']],
    [['file:///secret/x', 'file:///etc/y', 'file:///b'], ['file:///b']],
    [['file:///b', 'file:///etc/y', 'file:///ask/z'], ['file:///b']],
    [['file:///etc/y'], []],
    [['file:///a', 7, null, { uri: 'file:///a' }, ['file:///a']], ['file:///a']],
    [['file:///etc/../a', 'file:///b'], ['file:///b']], // could be read as another one
    [[], []],
  ]) {
    const answer = await listen(gateway, { toolsListChanged: true, resourceSubscriptions: asked });
    assert.deepEqual(honoured(answer), got, JSON.stringify(asked));
    assert.equal(answer.messages[0].params.notifications.toolsListChanged, true);
    assert.equal(answer.messages.at(-1).id, 'l');
  }
  assert.ok(!fake.requests.some(r => /secret|etc|ask/.test(r.body)));
  const rows = await gateway.waitRows(row => row.method === 'subscriptions/listen' && row.outcome !== 'allowed', 6);
  assert.deepEqual(rows.slice(0, 3).map(r => [r.subject, r.outcome]), [['file:///secret/x', 'hidden'], ['file:///secret/x', 'hidden'], ['file:///etc/y', 'denied']]);
  assert.equal(rows[2].reason, 'Not that.');
  await gateway.waitRows(row => row.method === 'subscriptions/listen' && row.outcome === 'allowed', 7);
});

test('without resources the message goes on byte for byte; observe mode leaves everything in', async t => {
  const { fake, gateway } = await listening(t);
  const message = modernMessage('l', 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  const body = JSON.stringify(message).replace('{', '{ ');
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', modernHeaders(gateway, message), body)).status, 200);
  assert.equal(fake.of('subscriptions/listen')[0].body, body);
  const watched = await listening(t, { grant: { mode: 'observe' } });
  assert.deepEqual(honoured(await listen(watched.gateway, { resourceSubscriptions: ['file:///etc/y'] })), ['file:///etc/y']);
  await watched.gateway.waitRows(row => row.subject === 'file:///etc/y' && row.outcome === 'observed');
});

test('what is no list of few URIs, or is spelled otherwise, is refused', async t => {
  const { fake, gateway } = await listening(t);
  for (const notifications of [{ resourceSubscriptions: 'file:///etc/y' }, { resourceSubscriptions: { 0: 'file:///etc/y' } }, { resourceSubscriptions: null },
    { resourceSubscriptions: Array.from({ length: 1001 }, (_, i) => 'file:///' + i) }, { ResourceSubscriptions: ['file:///etc/y'] }, { resourceſubscriptions: ['file:///etc/y'] }])
    assert.equal((await listen(gateway, notifications)).status, 400, JSON.stringify(notifications).slice(0, 100));
  const message = modernMessage('l', 'subscriptions/listen', { Notifications: { resourceSubscriptions: ['file:///etc/y'] } });
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message))).status, 400);
  assert.equal(fake.of('subscriptions/listen').length, 0);
  assert.equal(honoured(await listen(gateway, { resourceSubscriptions: Array.from({ length: 1000 }, (_, i) => 'file:///' + i) })).length, 1000);
});

test('before a program: the same, and the call behind it is answered', async t => {
  const gateway = await startGateway(t, { servers: { fake: { command: [process.execPath, path.join(LIB, 'conf-upstream.mjs'), 'stdio', 'modern'] } }, policies: { main: POLICY }, grants: { agent: { servers: { fake: 'main' } } } });
  const message = modernMessage('l', 'subscriptions/listen', { notifications: { resourceSubscriptions: ['file:///etc/y', 'test://a'] } });
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', modernHeaders(gateway, message), JSON.stringify(message), gateway.port));
  await raw.head();
  const { value } = await raw.events().next();
  assert.deepEqual(JSON.parse(value.data).params.notifications.resourceSubscriptions, ['test://a']);
  raw.close();
  assert.equal((await modern(gateway, 'fake', 'tools/list', {})).status, 200);
});
