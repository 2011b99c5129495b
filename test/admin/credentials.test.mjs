// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is sent to servers besides messages: to everybody's, to one grant's, and that a change costs no session.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CHILD, controlled, grantFor } from '../lib/controlled.mjs';
import { modernHeaders, modernMessage, Session } from '../lib/mcp.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';

const sent = fake => fake.calls().at(-1).headers['x-key'];
const ANY = { 'If-Match': '*' };

for (const workers of [1, 3])
  test(`a changed credential counts for the next message of the same session, with ${workers} workers`, async t => {
    const { gateway, api, fake, server } = await controlled(t, { workers });
    const grant = await grantFor(gateway, api, 'agent');
    const session = await Session.open(gateway, { label: 'agent', server: 'files' });
    for (let i = 0; i < 8; i++) {
      await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'X-Key', value: 'secret-' + i });
      assert.ok((await session.call('echo', {})).result, 'round ' + i);
      assert.equal(sent(fake), 'secret-' + i);
    }
    assert.equal(fake.of('initialize').length, 1, 'the session is still the first one');
    await api.must(200, 'PATCH', '/grants/' + grant, { mode: 'observe' }, ANY);
    assert.ok((await session.call('echo', {})).result);
    assert.ok(!gateway.stderr.includes('secret-'));
  });

for (const workers of [1, 3])
  test(`grants with credentials of their own meet nothing of each other, with ${workers} workers`, async t => {
    const { gateway, api, fake, server } = await controlled(t, { workers });
    const grants = { a: await grantFor(gateway, api, 'a'), b: await grantFor(gateway, api, 'b'), c: await grantFor(gateway, api, 'c') };
    await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'X-Key', value: 'of-all' });
    await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'X-Other', value: 'too' });
    for (const label of ['a', 'b'])
      await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'x-key', value: 'of-' + label, grant: label });
    const want = { a: 'of-a', b: 'of-b', c: 'of-all' };
    const sessions = {};
    for (const label of Object.keys(want)) sessions[label] = await Session.open(gateway, { label, server: 'files' });
    for (let round = 0; round < 6; round++)
      for (const [label, value] of Object.entries(want)) {
        assert.ok((await sessions[label].call('echo', {})).result);
        assert.equal(sent(fake), value);
        assert.equal(fake.calls().at(-1).headers['x-other'], 'too', 'what a grant has not of its own is the server\'s');
        const message = modernMessage(round, 'tools/call', { name: 'echo', arguments: {} });
        const answer = await exchange(gateway.port, 'POST', '/mcp/files', modernHeaders(gateway, message, { label }), JSON.stringify(message));
        assert.equal(answer.status, 200);
        assert.equal(sent(fake), value, 'also by a pooled conversation');
      }
    // What people read calls all of them by the server's name.
    const metrics = await exchange(gateway.port, 'GET', '/metrics', gateway.auth('a'));
    assert.ok(!metrics.text.includes('#grt_'));
    assert.ok(!gateway.stderr.includes('#grt_'));
    // Another's session is nobody's.
    const stolen = await exchange(gateway.port, 'POST', '/mcp/files', { ...sessions.a.headers(), ...gateway.auth('b') }, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    assert.equal(stolen.status, 404);
    // A change of one is no change of the others; the last one gone, the server's own counts again.
    const before = fake.of('initialize').length;
    await api.must(201, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'x-key', value: 'new-of-a', grant: grants.a });
    want.a = 'new-of-a';
    for (const [label, value] of Object.entries(want)) {
      assert.ok((await sessions[label].call('echo', {})).result);
      assert.equal(sent(fake), value);
    }
    assert.equal(fake.of('initialize').length, before);
    const rows = (await api.must(200, 'GET', `/servers/${server}/credentials`)).body.items;
    const own = rows.find(row => row.grant === grants.b);
    await api.must(204, 'DELETE', `/servers/${server}/credentials/${own.id}`, undefined, ANY);
    const again = await Session.open(gateway, { label: 'b', server: 'files' });
    assert.ok((await again.call('echo', {})).result);
    assert.equal(sent(fake), 'of-all');
    // Renamed, with what is the grant's.
    await api.must(200, 'PATCH', '/servers/' + server, { name: 'renamed' }, ANY);
    const renamed = await Session.open(gateway, { label: 'a', server: 'renamed' });
    assert.ok((await renamed.call('echo', {})).result);
    assert.equal(sent(fake), 'new-of-a');
    await api.must(204, 'DELETE', '/grants/' + grants.a, undefined, ANY);
    assert.deepEqual((await api.must(200, 'GET', `/servers/${server}/credentials`)).body.items.filter(row => row.grant !== ''), []);
  });

test('a credential that cannot be sent is refused, and so is one of a grant that is over or elsewhere', async t => {
  const { gateway, api, server } = await controlled(t, {});
  const grant = await grantFor(gateway, api, 'agent');
  const put = (status, body) => api.must(status, 'POST', `/servers/${server}/credentials`, { place: 'header', name: 'X-Key', value: 'v', ...body });
  await put(422, { grant: 'grt_00000000000000000000000000' });
  await put(422, { grant: 7 });
  await put(422, { value: 'two\nlines', grant });
  await put(201, { grant: null });
  await put(201, { grant });
  await api.must(200, 'POST', `/grants/${grant}/revoke`, undefined, ANY);
  await put(422, { grant });
});

test('a program with variables of a grant is a process of its own', async t => {
  const { gateway, api } = await controlled(t, { args: ['--allow-commands'] });
  const organisation = (await api.must(200, 'GET', '/organisation')).body;
  await api.must(200, 'PATCH', '/organisation', { commands_allowed: true }, { 'If-Match': `"${organisation.version}"` });
  const program = await api.must(201, 'POST', '/servers', { name: 'tool', transport: 'stdio', command: CHILD, settings: { share: 'server' } });
  for (const label of ['a', 'b', 'c']) await grantFor(gateway, api, label, 'tool');
  const put = body => api.must(201, 'POST', `/servers/${program.body.id}/credentials`, { place: 'environment', name: 'CHILD_SECRET', ...body });
  await put({ value: 'of-all' });
  await put({ value: 'of-a', grant: 'a' });
  const asked = async (session, tool) => (await session.call(tool, {})).result.content[0].text;
  const open = label => Session.open(gateway, { label, server: 'tool' });
  const [a, b, c] = [await open('a'), await open('b'), await open('c')];
  assert.equal(JSON.parse(await asked(a, 'get_environment')).CHILD_SECRET, 'of-a');
  assert.equal(JSON.parse(await asked(b, 'get_environment')).CHILD_SECRET, 'of-all');
  assert.equal(await asked(b, 'get_pid'), await asked(c, 'get_pid'), 'the others share one');
  assert.notEqual(await asked(a, 'get_pid'), await asked(b, 'get_pid'));
  // A process reads its variables when it starts: a new value is a new process, of that grant alone.
  const pid = await asked(b, 'get_pid');
  await put({ value: 'newer-of-a', grant: 'a' });
  await eventually(async () => JSON.parse(await asked(await open('a'), 'get_environment')).CHILD_SECRET === 'newer-of-a', 'the new value is there');
  assert.equal(await asked(b, 'get_pid'), pid);
});
