// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake MCP server on standard input and output whose tools do what no server should.
import fs from 'node:fs';
import readline from 'node:readline';
import { spawn } from 'node:child_process';

const send = message => process.stdout.write(JSON.stringify(message) + '\n');
const text = t => ({ content: [{ type: 'text', text: t }] });
const answer = (id, t) => send({ jsonrpc: '2.0', id, result: text(t) });
const patiently = (stream, data) => new Promise(resolve => { if (stream.write(data)) resolve(); else stream.once('drain', resolve); });

const TOOLS = {
  echo: id => answer(id, 'echo'),
  pid: id => answer(id, String(process.pid)),
  // Much more than a pipe holds, before the answer: whoever does not read it never gets that.
  async fill_stderr(id) { for (let i = 0; i < 256; i++) await patiently(process.stderr, 'n'.repeat(65535) + '\n'); answer(id, 'filled'); },
  // One line of error output that never ends.
  async endless_stderr(id) { for (let i = 0; i < 256; i++) await patiently(process.stderr, 'n'.repeat(65536)); answer(id, 'filled'); },
  // Lives on without reading.
  close_input(id) { fs.closeSync(0); answer(id, 'closed'); setInterval(() => {}, 1000); },
  stop_reading(id) { input.pause(); process.stdin.pause(); setInterval(() => {}, 1000); answer(id, 'paused'); },
  async flood(id) { for (let i = 0; i < 100; i++) await patiently(process.stdout, 'f'.repeat(1 << 20)); process.stdout.write('\n'); answer(id, 'flooded'); },
  async flood_lines(id) { for (let i = 0; i < 50000; i++) await patiently(process.stdout, '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'); answer(id, 'flooded'); },
  bad_utf8(id) { process.stdout.write(Buffer.concat([Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"x":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}}\n')])); setTimeout(() => answer(id, 'clean'), 50); },
  twice(id) { answer(id, 'first'); answer(id, 'second'); },
  another(id) { answer('nobody', 'not yours'); answer(typeof id === 'number' ? id + 1 : id + 'x', 'not yours'); answer(id, 'yours'); },
  // A helper inherits the pipes and outlives its parent.
  fork_and_die() { spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).once('spawn', () => process.exit(4)); },
  fork_and_answer(id) { spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit', detached: true }).once('spawn', () => answer(id, 'forked')); },
  kill_itself() { process.kill(process.pid, 'SIGSEGV'); },
};

function receive(line) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize') send({ jsonrpc: '2.0', id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'hostile', version: '1' } } });
  else if (method === 'tools/list') send({ jsonrpc: '2.0', id, result: { tools: Object.keys(TOOLS).map(name => ({ name, inputSchema: { type: 'object' } })) } });
  else if (method === 'tools/call' && Object.hasOwn(TOOLS, params.name)) return TOOLS[params.name](id);
  else send({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
}

// One after the other, so that nothing is written into the middle of a flood.
let turn = Promise.resolve();
const input = readline.createInterface({ input: process.stdin });
input.on('line', line => { turn = turn.then(() => receive(line)); });
input.on('close', () => turn.then(() => { if (!process.stdin.isPaused()) process.exit(0); }));
