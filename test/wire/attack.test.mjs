// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway's own authors tried against it.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { ALLOW_ALL, startGateway } from '../lib/gateway.mjs';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { alive, descendants, eventually, LIB } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';

const INITIALIZE = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}';
const headersOf = gateway => ({ authorization: 'Bearer ' + gateway.tokens.agent, 'content-type': 'application/json', accept: 'application/json, text/event-stream' });

test('clients that leave before their initialize is answered leave no process and no session', async t => {
  const gateway = await startGateway(t, {
    servers: { exchange: { command: [process.execPath, path.join(LIB, 'child.mjs')] } },
    policies: { main: ALLOW_ALL }, grants: { agent: { servers: { exchange: 'main' } } },
  });
  for (let i = 0; i < 5; i++) {
    const raw = await Raw.connect(gateway.port);
    raw.write(requestBytes('POST', '/mcp/exchange', headersOf(gateway), INITIALIZE, gateway.port));
    raw.close();
  }
  await gateway.waitRows(r => r.method === 'initialize', 5);
  await eventually(() => descendants(gateway.child.pid).filter(alive).length === 0, 'no process is left');
  const { text } = await exchange(gateway.port, 'GET', '/metrics');
  assert.match(text, /^sallyport_sessions 0$/m);
});

test('a header that has one value, sent twice, is refused', async t => {
  const { gateway, fake, open } = await scene(t);
  const session = await open();
  const call = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}';
  const send = more => exchange(gateway.port, 'POST', '/mcp/fake', [...Object.entries(session.headers()), ...more], call);
  assert.equal((await send([])).status, 200);
  assert.equal((await send([['Last-Event-ID', 'a']])).status, 200);
  const before = fake.calls().length;
  assert.equal((await send([['Last-Event-ID', 'a'], ['last-event-id', 'b']])).status, 400);
  assert.equal((await send([['Mcp-Name', 'echo'], ['Mcp-Name', 'other']])).status, 400);
  assert.equal(fake.calls().length, before);
});

test('headers of the modern era do not travel with a message of the legacy one', async t => {
  const { gateway, fake, open } = await scene(t);
  const session = await open();
  const call = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo"}}';
  const more = { 'Mcp-Name': 'withdraw', 'Mcp-Method': 'tools/list', 'Mcp-Param-X': '1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', { ...session.headers(), ...more }, call)).status, 200);
  const [received] = fake.calls();
  assert.equal(received.headers.traceparent, more.traceparent);
  for (const name of ['mcp-name', 'mcp-method', 'mcp-param-x']) assert.equal(received.headers[name], undefined, name);
});
