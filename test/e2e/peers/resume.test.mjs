// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The official SDK's clients on a wire that breaks while they wait: they come back for the answer by themselves, or
// another process of the same client does with the token that the first one had stored.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { cuttable } from '../../lib/cutter.mjs';
import { ALLOW_ALL, startGateway } from '../../lib/gateway.mjs';
import { eventually } from '../../lib/scratch.mjs';
import { FakeSse } from '../../lib/sse-upstream.mjs';
import { FakeUpstream, text, tool } from '../../lib/upstream.mjs';
import { CLIENTS, textOf } from './clients.mjs';

// A server that cannot replay: the gateway does. Its tool answers when the test says so.
async function withoutIds(t) {
  const old = await FakeSse.start(t, { onMessage: m => m.params?.name === 'slow' });
  return {
    config: { url: old.url, transport: 'sse' },
    called: () => old.waitFor('tools/call'),
    say: message => { const { conversation, message: call } = old.of('tools/call').at(-1); conversation.say({ jsonrpc: '2.0', ...message(call) }); },
    calls: () => old.of('tools/call').length,
  };
}
// A server over HTTP with event ids of its own, which pass through the gateway.
async function withIds(t) {
  const said = [];
  let out;
  const write = (res, from) => { for (let i = from; i < said.length; i++) res.write(`id: e${i + 1}\ndata: ${said[i]}\n\n`); };
  const fake = await FakeUpstream.start(t, {
    eras: 'legacy',
    tools: [tool('slow')],
    onCall: (m, c) => { c.sse(); out = c.res; said.push(''); write(out, 0); },
    onGet: c => {
      const last = c.req.headers['last-event-id'];
      if (last === undefined) return c.status(405);
      c.sse();
      out = c.res;
      write(out, Number(last.slice(1)));
    },
  });
  return {
    config: { url: fake.url },
    called: () => fake.waitFor('tools/call'),
    say: message => { said.push(JSON.stringify({ jsonrpc: '2.0', ...message(fake.calls().at(-1).message) })); write(out, said.length - 1); if (message(fake.calls().at(-1).message).result) out.end(); },
    calls: () => fake.calls().length,
  };
}
const progress = n => call => ({ method: 'notifications/progress', params: { progressToken: call.params._meta.progressToken, progress: n } });
const result = words => call => ({ id: call.id, result: text(words) });

async function behindAWire(t, server) {
  const gateway = await startGateway(t, { servers: { slow: server.config }, policies: { main: ALLOW_ALL }, grants: { agent: { servers: { slow: 'main' } } }, extra: { limits: { drain: '1s' } } });
  const wire = await cuttable(t, gateway.port);
  return { gateway, wire, far: { url: name => `http://127.0.0.1:${wire.port}/mcp/${name}`, auth: label => gateway.auth(label) } };
}

for (const [kind, start] of Object.entries({ 'the gateway': withoutIds, 'the server': withIds })) {
  for (const name of ['SDK 1.x', 'SDK 2.x legacy']) {
    test(`${name}: comes back by itself for what ${kind} kept`, async t => {
      const server = await start(t);
      const { wire, far } = await behindAWire(t, server);
      const client = await CLIENTS[name](t, far, 'slow');
      const heard = [];
      const answer = client.callTool({ name: 'slow', arguments: {} }, ...(name === 'SDK 1.x' ? [undefined] : []), { onprogress: p => heard.push(p.progress) });
      await server.called();
      server.say(progress(1));
      await eventually(() => heard.length === 1, 'progress arrives');
      wire.cut();
      server.say(progress(2));
      await eventually(() => heard.length === 2, 'what was missed arrives');
      server.say(result('done'));
      assert.equal(textOf(await answer), 'done');
      assert.deepEqual(heard, [1, 2]);
      assert.equal(server.calls(), 1);
    });
  }

  test(`SDK 1.x: another process goes on with the resumption token, for what ${kind} kept`, async t => {
    const server = await start(t);
    const { gateway, wire, far } = await behindAWire(t, server);
    const transport = (at, sessionId) => new StreamableHTTPClientTransport(new URL(at.url('slow')), { sessionId, requestInit: { headers: gateway.auth() }, reconnectionOptions: { maxRetries: 0, initialReconnectionDelay: 1, maxReconnectionDelay: 1, reconnectionDelayGrowFactor: 1 } });
    const request = { method: 'tools/call', params: { name: 'slow', arguments: {} } };
    const first = new Client({ name: 'first', version: '1' });
    const wayOfFirst = transport(far);
    await first.connect(wayOfFirst);
    const tokens = [];
    const lost = first.request(request, CallToolResultSchema, { onresumptiontoken: token => tokens.push(token), onprogress: () => {} }).catch(e => e);
    await server.called();
    server.say(progress(1));
    await eventually(() => tokens.length > 0, 'a token');
    wire.cut();
    await first.close();
    assert.ok(await lost instanceof Error);
    server.say(result('done'));
    const second = new Client({ name: 'second', version: '1' });
    const way = transport(gateway, wayOfFirst.sessionId);
    await second.connect(way);
    way.setProtocolVersion('2025-11-25');
    t.after(() => second.close());
    const answer = await second.request(request, CallToolResultSchema, { resumptionToken: tokens.at(-1) });
    assert.equal(textOf(answer), 'done');
    assert.equal(server.calls(), 1);
  });
}
