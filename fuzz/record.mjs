// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Records seeds: our own client (test/lib/mcp.mjs) talks with our own fake servers. For fuzz/session.c every message of
// both goes to a file, '>' in front of the client's and '<' of the server's; for the targets of HTTP, of event streams and of
// single messages some of the very bytes go to files named "recorded_...".
//
// usage: node fuzz/record.mjs [CORPUS]
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { spawn } from 'node:child_process';
import { exchange, Raw, requestBytes } from '../test/lib/raw.mjs';
import { modernHeaders, modernMessage } from '../test/lib/mcp.mjs';
import { FakeUpstream, text, tool } from '../test/lib/upstream.mjs';
import { LIB } from '../test/lib/scratch.mjs';

const corpus = process.argv[2] ?? path.join(LIB, '../../fuzz/corpus');
const folder = path.join(corpus, 'session');
const tools = [tool('get_ticker', { pair: { type: 'string' } }), tool('secret_tool'), tool('add_order', { volume: { type: 'number' } }), tool('echo'), tool('secret_end')];
const calls = [
  ['get_ticker', { pair: 'XBTUSD' }], ['add_order', { pair: 'ETHUSD', volume: 0.5 }], ['add_order', { pair: 'ETHUSD', volume: 2 }],
  ['secret_tool', {}], ['echo', { text: 'h\u00e9llo \u{1f600}', deep: [{ a: [1, null, true] }] }],
];

class Recording {
  constructor(name) { this.file = path.join(folder, name); this.lines = []; }
  sent(message) { this.lines.push('>' + JSON.stringify(message)); return message; }
  came(message) { this.lines.push('<' + JSON.stringify(message)); }
  save() { fs.writeFileSync(this.file, this.lines.join('\n') + '\n'); }
}

async function overHttp(name, options, messages, headersOf) {
  const recording = new Recording(name);
  const fake = await FakeUpstream.start(undefined, { tools, ...options });
  let session = {};
  for (const message of messages) {
    recording.sent(message);
    const answer = await exchange(fake.port, 'POST', '/mcp', { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...session, ...headersOf(message) }, JSON.stringify(message));
    if (answer.headers['mcp-session-id']) session = { 'Mcp-Session-Id': answer.headers['mcp-session-id'] };
    answer.messages.forEach(m => recording.came(m));
  }
  await fake.stop();
  recording.save();
}

const progress = (message, context) => {
  const token = message.params._meta?.progressToken;
  if (token === undefined) return text('done');
  for (const progress of [0.25, 0.5]) context.event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress } });
  context.event({ jsonrpc: '2.0', id: 's1', method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } });
  return text('done');
};
let id = 1;
const request = (method, params) => ({ jsonrpc: '2.0', id: id++, method, params });
const legacy = version => [
  request('initialize', { protocolVersion: version, capabilities: { sampling: {} }, clientInfo: { name: 'recorder', version: '1' } }),
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  request('tools/list', {}), request('ping', {}),
  ...calls.map(([name, args]) => request('tools/call', { name, arguments: args, _meta: { progressToken: 'p' + id } })),
  request('tools/call', { name: 'nobody' }), request('resources/read', { uri: 'file:///a' }), request('prompts/get', { name: 'a', arguments: { x: 'y' } }),
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 3, reason: 'enough' } },
];
await overHttp('legacy', {}, legacy('2025-06-18'), () => ({}));
await overHttp('legacy_sse', { sse: true, onCall: progress }, legacy('2025-03-26'), () => ({}));
await overHttp('modern', {}, [
  modernMessage('m-1', 'server/discover'), modernMessage('m-2', 'tools/list'),
  ...calls.map(([name, args], i) => modernMessage('c-' + i, 'tools/call', { name, arguments: args })),
], message => modernHeaders({ auth: () => ({}) }, message));

const pipe = new Recording('child');
const child = spawn(process.execPath, [path.join(LIB, 'child.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
for (const message of legacy('2025-11-25').filter(m => m.params?.name !== 'never_answer')) {
  child.stdin.write(JSON.stringify(pipe.sent(message)) + '\n');
  if (message.id !== undefined) pipe.came(JSON.parse((await lines.next()).value));
}
child.stdin.end();
pipe.save();

// The bytes of single exchanges; the server closes, so an answer is all that came.
const keep = (target, name, bytes) => fs.writeFileSync(path.join(corpus, target, 'recorded_' + name), bytes);
const fake = await FakeUpstream.start(undefined, { tools, sse: true, onCall: progress });
const pick = { list: modernMessage('m-1', 'tools/list'), call: modernMessage('m-2', 'tools/call', { name: 'echo', arguments: calls[4][1], _meta: { progressToken: 'p' } }) };
for (const [name, message] of Object.entries(pick)) {
  const headers = { ...modernHeaders({ auth: () => ({}) }, message), Connection: 'close' };
  const request = requestBytes('POST', '/mcp', headers, JSON.stringify(message), fake.port);
  const raw = (await Raw.connect(fake.port)).write(request);
  while (await raw.more());
  raw.close();
  keep('http_request', name, request);
  keep('http_response', name, raw.buffer);
  keep('http_differential', 'request_' + name, Buffer.concat([Buffer.from('0'), request]));
  keep('http_differential', 'response_' + name, Buffer.concat([Buffer.from('1'), raw.buffer]));
  keep('jsonrpc', name, JSON.stringify(message));
  const { text: stream } = await exchange(fake.port, 'POST', '/mcp', headers, JSON.stringify(message));
  keep('sse', name, '\x07' + stream);
}
await fake.stop();
