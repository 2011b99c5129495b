// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Plays an agent against the gateway of `./dev run` and shows what the gateway decided beside each of its
// requests, as the decision log has it. Ends with status 1 when a decision was not the expected one.
//   node agent.mjs URL TOKEN FOLDER DECISION_LOG
import fs from 'node:fs';

const [url, token, folder, log] = process.argv.slice(2);
const colour = process.stdout.isTTY ? code => s => `\x1b[${code}m${s}\x1b[0m` : () => s => s;
const [green, red, yellow, grey] = [32, 31, 33, 90].map(colour);
const paint = { allowed: green, denied: red, hidden: yellow };
let session, nextId = 1, failures = 0;

async function post(message) {
  const headers = {
    Authorization: 'Bearer ' + token, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
    ...(session ? { 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' } : {}),
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
  session ??= response.headers.get('mcp-session-id');
  const text = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${text}`);
  const parts = response.headers.get('content-type')?.startsWith('text/event-stream') ? text.split('\n').filter(l => l.startsWith('data:')).map(l => l.slice(5)) : [text];
  return parts.filter(part => part.trim()).map(part => JSON.parse(part)).find(m => m.id === message.id);
}
const request = (method, params) => post({ jsonrpc: '2.0', id: nextId++, method, params });
const rows = () => fs.readFileSync(log, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line));

// The row of the newest exchange; the log is written by a thread of its own.
async function decision(before) {
  for (let i = 0; i < 200; i++) {
    const fresh = rows().slice(before).filter(row => row.direction === 'client');
    if (fresh.length > 0) return fresh.at(-1);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error('the decision log has no new row');
}

async function play(what, method, params, expected) {
  const before = rows().length;
  const answer = await request(method, params);
  const row = await decision(before);
  const outcome = expected === undefined || row.outcome === expected ? '' : red(`  expected ${expected}`);
  if (outcome) failures++;
  console.log(`${what.padEnd(46)} ${(paint[row.outcome] ?? grey)(row.outcome.padEnd(8))} ${row.rule ?? ''}${outcome}`);
  const said = answer.error?.message ?? answer.result?.content?.[0]?.text ?? '';
  const told = method === 'tools/list' ? answer.result.tools.map(t => t.name).join(', ') : said.split('\n')[0];
  console.log(grey('   the agent gets: ' + (told.length > 110 ? told.slice(0, 107) + '...' : told)) + '\n');
  return answer;
}

const call = (what, name, args, expected) => play(what, 'tools/call', { name, arguments: args }, expected);
console.log(`\n${'the agent asks'.padEnd(46)} ${'decided'.padEnd(8)} by rule\n`);
await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'demo-agent', version: '1' } });
await post({ jsonrpc: '2.0', method: 'notifications/initialized' }).catch(() => {});
const list = await play('tools/list', 'tools/list', {}, 'allowed');
if (list.result.tools.some(t => t.name === 'move_file')) failures++;
await call('read_text_file welcome.txt', 'read_text_file', { path: `${folder}/welcome.txt` }, 'allowed');
await call('write_file outbox/report.txt', 'write_file', { path: `${folder}/outbox/report.txt`, content: 'done' }, 'allowed');
await call('write_file welcome.txt', 'write_file', { path: `${folder}/welcome.txt`, content: 'overwritten' }, 'denied');
await call('write_file outbox/../welcome.txt', 'write_file', { path: `${folder}/outbox/../welcome.txt`, content: 'overwritten' }, 'denied');
await call('move_file welcome.txt (hidden)', 'move_file', { source: `${folder}/welcome.txt`, destination: `${folder}/gone.txt` }, 'hidden');
await call('create_directory (in no rule)', 'create_directory', { path: `${folder}/new` }, 'denied');
for (let i = 1; i <= 4; i++) await call(`search_files, number ${i} (3 a minute)`, 'search_files', { path: folder, pattern: '*.txt' }, i <= 3 ? 'allowed' : 'denied');
if (fs.readFileSync(`${folder}/welcome.txt`, 'utf8').includes('overwritten')) failures++;
console.log(failures === 0 ? 'Everything was decided as the policy says.' : `${failures} decisions were not as expected.`);
process.exitCode = failures === 0 ? 0 : 1;
