// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What two parsers could read differently must not pass, and what passes must arrive byte for byte.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, Raw, requestBytes } from '../lib/raw.mjs';
import { eventually } from '../lib/scratch.mjs';
import { tool } from '../lib/upstream.mjs';
import { assertAllowed, assertUnknownTool, scene } from '../lib/wire.mjs';

const POLICY = { version: '1', default: 'deny', hide: ['secret'], tools: { echo: { deny_if: [{ conditions: [{ path: 'args.x', op: 'eq', value: 'bad' }] }] } } };
const UPSTREAM = { tools: [tool('echo'), tool('secret'), tool('other')] };
const scene1 = t => scene(t, { policy: POLICY, upstream: UPSTREAM });

// Refused: an HTTP error or a JSON-RPC error, and nothing at the upstream.
async function refused(t, bodies) {
  const { fake, gateway, open } = await scene1(t);
  const session = await open();
  const before = fake.requests.length;
  for (const body of bodies) {
    const answer = await exchange(gateway.port, 'POST', '/mcp/fake', session.headers(), body);
    const message = answer.messages[0];
    assert.ok(answer.status >= 400 || message?.error || message?.result?.isError, `${JSON.stringify(String(body).slice(0, 120))}: ${answer.status} ${answer.text.slice(0, 200)}`);
    assert.ok(answer.status < 500, `${JSON.stringify(String(body).slice(0, 120))}: ${answer.status}`);
  }
  assert.deepEqual(fake.requests.slice(before).map(r => r.body), []);
  assertAllowed(await session.call('echo', { x: 'good' }), '{"x":"good"}');
}

test('duplicate keys at any place that is judged', t => refused(t, [
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"params":{"name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"good","x":"bad"}}}',
  '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"echo"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":{"b":1,"b":2}}}}',
]));

test('duplicate keys that only show when escapes are read', t => refused(t, [
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","n\\u0061me":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":"good","\\u0078":"bad"}}}',
]));

test('protocol keys in another case', t => refused(t, [
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","Name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"secret","name":"echo"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{},"Arguments":{"x":"bad"}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call","params":{"name":"secret"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"},"PARAMS":{"name":"secret"}}',
]));

test('text that is not strict JSON', t => refused(t, [
  '', ' ', 'null', '1', '"x"', '{', '{}', '{"jsonrpc":"2.0","id":1,"method":"tools/list"', '{"jsonrpc":"2.0","id":1,"method":"tools/list"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/list"}{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
  '\ufeff{"jsonrpc":"2.0","id":1,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1,"method":"tools/list",}', "{'jsonrpc':'2.0','id':1,'method':'tools/list'}",
  '{"jsonrpc":"2.0","id":1,"method":"tools/list"/*x*/}', '{"jsonrpc":"2.0","id":01,"method":"tools/list"}', '{"jsonrpc":"2.0","id":NaN,"method":"tools/list"}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/list","x":"\u0001"}', '{"jsonrpc":"2.0","id":1,"method":"tools/list","x":"\\ud800"}',
  Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ech'), Buffer.from([0xc0, 0xaf]), Buffer.from('o"}}')]),
  Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo'), Buffer.from([0]), Buffer.from('"}}')]),
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":' + '['.repeat(5000) + ']'.repeat(5000) + '}}',
]));

test('envelopes that are not JSON-RPC 2.0 of MCP', t => refused(t, [
  '{"id":1,"method":"tools/list"}', '{"jsonrpc":"1.0","id":1,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1,"method":5}', '{"jsonrpc":"2.0","id":{},"method":"tools/list"}',
  '{"jsonrpc":"2.0","id":null,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["echo"]}}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":[]}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":"x"}}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{},"params":{"name":"echo"}}',
]));

test('names that only look like an allowed one', t => refused(t, [' echo', 'echo ', 'Echo', 'ECHO', 'echo\u0000', 'еcho', 'echo/', 'e\u0301cho', '']
  .map(name => JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name } }))));

test('an escaped name is the same name, for the rule and for hiding', async t => {
  const { fake, open } = await scene1(t);
  const session = await open();
  const answer = await session.post('{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"s\\u0065cret"}}');
  assertUnknownTool(answer.messages[0], 'secret');
  const denied = await session.post('{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"\\u0065cho","arguments":{"\\u0078":"b\\u0061d"}}}');
  assert.equal(denied.messages[0].result.isError, true);
  assert.equal(fake.calls().length, 0);
  const good = await session.post('{"jsonrpc":"2.0","id":4,"method":"tools\\/call","params":{"name":"\\u0065cho","arguments":{"x":"g\\u006fod"}}}');
  assertAllowed(good.messages[0], '{"x":"good"}');
});

test('what is forwarded is what was judged: numbers, order, unknown members and _meta arrive untouched', async t => {
  const { fake, open } = await scene1(t);
  const session = await open();
  const params = '{"_meta":{"example.org/k":[1.10,-0,1e400,{"z":1,"a":2}]},"name":"echo","arguments":{"big":12345678901234567890.12345678901234567890,"e":1E+2,"s":"\\u00e9é\\ud83d\\ude00","":null,"x":"good"},"extra":true}';
  assertAllowed((await session.post(`{"jsonrpc":"2.0","id":"\\u0031-a","method":"tools/call","params":${params}}`)).messages[0]);
  assert.ok(fake.calls()[0].body.includes(params), fake.calls()[0].body);
});

test('the id comes back as it was sent', async t => {
  const { open } = await scene1(t);
  const session = await open();
  for (const id of ['7', '"x"', '"7"', '9007199254740991', '-1', '0', '""', '"\\u00e9 \\"q\\""', '123456789012345678']) {
    const answer = await session.post(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo"}}`);
    assert.equal(answer.status, 200, id);
    const raw = /"id":("(?:[^"\\]|\\.)*"|-?\d+)/.exec(answer.text)[1];
    assert.equal(raw.startsWith('"') ? JSON.parse(raw) : raw, id.startsWith('"') ? JSON.parse(id) : id);
  }
});

test('a result comes back byte for byte', async t => {
  const result = '{"content":[{"type":"text","text":"\\u00e9é 1.10"}],"structuredContent":{"n":1.10,"big":123456789012345678901234567890,"z":0,"a":-0.0},"_meta":{"k":[1e400]}}';
  const { open } = await scene(t, { upstream: { ...UPSTREAM, onCall: (m, c) => { c.raw(200, { 'content-type': 'application/json' }, `{"jsonrpc":"2.0","result":${result},"id":${JSON.stringify(m.id)}}`); } } });
  const session = await open();
  const answer = await session.post({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name: 'echo' } });
  assert.ok(answer.text.includes(result), answer.text);
});

test('a 2025-03-26 batch: each message is judged by itself', async t => {
  const { fake, gateway, open } = await scene1(t);
  const session = await open({ version: '2025-03-26' });
  assert.equal(session.initialize.protocolVersion, '2025-03-26');
  const call = (id, name, args) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  const answer = await session.post([call(11, 'echo', { x: 'good' }), call(12, 'echo', { x: 'bad' }), call(13, 'secret', {}), { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 99 } }, { jsonrpc: '2.0', id: 14, method: 'ping' }]);
  assert.equal(answer.status, 200);
  const by = id => answer.messages.find(m => m.id === id);
  assertAllowed(by(11), '{"x":"good"}');
  assert.equal(by(12).result.isError, true);
  assertUnknownTool(by(13), 'secret');
  assert.deepEqual(by(14).result, {});
  assert.equal(answer.messages.length, 4);
  assert.equal(fake.calls().length, 1);
  assert.equal((await gateway.waitRows(r => r.method === 'tools/call', 3)).length, 3);
});

test('batches are refused in every other revision, and never hold initialize', async t => {
  const { fake, gateway, open } = await scene1(t);
  for (const version of ['2025-06-18', '2025-11-25', '2024-11-05']) {
    const session = await open({ version });
    const before = fake.requests.length;
    const answer = await session.post('[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}]');
    assert.equal(answer.status, 400, version);
    assert.equal(fake.requests.length, before);
  }
  const batch = '[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}]';
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', { ...gateway.auth(), 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' }, batch)).status, 400);
  const session = await open({ version: '2025-03-26' });
  for (const body of ['[]', '[1]', '[[]]']) {
    const answer = await session.post(body);
    assert.ok(answer.status === 400 || answer.messages.some(m => m.error), `${body}: ${answer.status} ${answer.text}`);
  }
});

test('only JSON bodies are read', async t => {
  const { gateway, fake, open } = await scene1(t);
  const session = await open();
  const before = fake.requests.length;
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/jsonx', undefined]) {
    const headers = { ...session.headers(), 'Content-Type': type };
    const answer = await exchange(gateway.port, 'POST', '/mcp/fake', headers, '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}');
    assert.ok([400, 415].includes(answer.status), `${type}: ${answer.status}`);
  }
  assert.equal((await exchange(gateway.port, 'POST', '/mcp/fake', { ...session.headers(), 'Content-Encoding': 'gzip' }, 'x')).status >= 400, true);
  assert.equal(fake.requests.length, before);
  assert.equal((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'Content-Type': 'application/json; charset=utf-8' })).status, 200);
});

test('a body over the limit is 413 and is not read to its end', async t => {
  const { gateway, fake, open } = await scene(t, { policy: POLICY, upstream: UPSTREAM, extra: { limits: { message_bytes: 65536 } } });
  const session = await open();
  const before = fake.requests.length;
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', { ...session.headers(), 'Content-Length': '99999999' }, '{"jsonrpc"', gateway.port));
  assert.equal((await raw.head()).status, 413);
  raw.close();
  const chunked = await Raw.connect(gateway.port);
  chunked.write(requestBytes('POST', '/mcp/fake', { ...session.headers(), 'Transfer-Encoding': 'chunked' }, '', gateway.port));
  for (let i = 0; i < 10; i++) chunked.write('2710\r\n' + ' '.repeat(10000) + '\r\n');
  assert.equal((await chunked.head()).status, 413);
  chunked.close();
  assert.equal(fake.requests.length, before);
  const fits = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { x: 'y'.repeat(60000) } } });
  assert.equal((await session.post(fits)).status, 200);
});

test('smuggling: two lengths, length and chunked, obsolete folding, bare line feeds', async t => {
  const { gateway, fake, open } = await scene1(t);
  const session = await open();
  const before = fake.requests.length;
  const auth = `Authorization: Bearer ${gateway.tokens.agent}\r\nMcp-Session-Id: ${session.id}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n`;
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}';
  for (const head of [
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Transfer-Encoding: xchunked\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Transfer-Encoding: chunked, identity\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}X-A: b\r\n c\r\nContent-Length: ${body.length}\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\nHost: localhost\n${auth.replaceAll('\r', '')}Content-Length: ${body.length}\n\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Length : ${body.length}\r\n\r\n`,
    `POST /mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Length: +${body.length}\r\n\r\n`,
    `POST http://evil.example/mcp/fake HTTP/1.1\r\nHost: localhost\r\n${auth}Content-Length: ${body.length}\r\n\r\n`,
    `POST /mcp/fake HTTP/2.0\r\nHost: localhost\r\n${auth}Content-Length: ${body.length}\r\n\r\n`,
  ]) {
    const raw = await Raw.connect(gateway.port);
    raw.write(head + body);
    const answer = await raw.head().catch(() => ({ status: 'closed' }));
    assert.ok(answer.status === 'closed' || (answer.status >= 400 && answer.status <= 505), `${JSON.stringify(head.slice(0, 60))}…: ${answer.status}`);
    raw.close();
  }
  assert.equal(fake.requests.length, before);
});

test('a request in single bytes, two requests in one write, and an answer for each in order', async t => {
  const { gateway, open } = await scene1(t);
  const session = await open();
  const bytes = id => requestBytes('POST', '/mcp/fake', session.headers(), JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo', arguments: { n: id } } }), gateway.port);
  const slow = await Raw.connect(gateway.port);
  slow.socket.setNoDelay(true);
  for (const byte of bytes(21)) { slow.write(Buffer.from([byte])); await new Promise(setImmediate); }
  assertAllowed((await slow.answer()).messages[0], '{"n":21}');
  slow.write(Buffer.concat([bytes(22), bytes(23)]));
  assertAllowed((await slow.answer()).messages[0], '{"n":22}');
  assertAllowed((await slow.answer()).messages[0], '{"n":23}');
  slow.close();
});

// Documented in src/http/http.h: an end of input is the client's going. In the legacy era that is no cancellation.
test('a peer that closes its sending side has gone: its call runs on and is logged, its connection closes', async t => {
  const { gateway, fake, open } = await scene1(t);
  const session = await open();
  const raw = await Raw.connect(gateway.port);
  raw.write(requestBytes('POST', '/mcp/fake', session.headers(), '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo"}}', gateway.port)).halfClose();
  await fake.waitFor('tools/call');
  await eventually(() => gateway.rows().some(r => r.method === 'tools/call' && r.outcome === 'allowed'), 'the call is logged');
  await eventually(() => raw.ended, 'the connection closes');
  assertAllowed(await session.call('echo', { n: 4 }), '{"n":4}');
});

test('peers that vanish at every point leave the gateway well', async t => {
  const { gateway, fake, open } = await scene1(t);
  const session = await open();
  const bytes = requestBytes('POST', '/mcp/fake', session.headers(), '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo"}}', gateway.port);
  for (let cut = 0; cut <= bytes.length; cut += 13) {
    const raw = await Raw.connect(gateway.port);
    raw.write(bytes.subarray(0, cut));
    await new Promise(setImmediate);
    if (cut % 2) raw.reset(); else raw.close();
  }
  assertAllowed(await session.call('echo', { x: 'still here' }), '{"x":"still here"}');
  assert.ok(fake.calls().length >= 1);
});
