// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake MCP server on stdin and stdout, with the tool names of an exchange's server. Some tools misbehave on
// purpose; the environment sets the rest:
//   CHILD_LOG=file          every line received is appended there, and "pid N" at the start
//   CHILD_GARBAGE=1         lines that are no JSON are printed before each answer
//   CHILD_STUBBORN=1        SIGTERM and the end of stdin are ignored
//   CHILD_SECRET=...        answered by the tool get_environment, among all other variables
import fs from 'node:fs';
import readline from 'node:readline';

const MODERN = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const log = line => { if (process.env.CHILD_LOG) fs.appendFileSync(process.env.CHILD_LOG, line + '\n'); };
const send = message => process.stdout.write(JSON.stringify(message) + '\n');
const text = t => ({ content: [{ type: 'text', text: t }] });

const TOOLS = {
  get_ticker: a => text(`ticker ${a.pair ?? '-'} 64000.1`),
  get_balance: () => text('balance XBT 1.5'),
  add_order: a => text(`order ${a.pair} ${a.volume}`),
  cancel_order: a => text('cancelled ' + a.txid),
  cancel_all_orders_after: () => text('armed'),
  withdraw_funds: a => text('withdrawn ' + a.amount),
  get_environment: () => text(JSON.stringify(process.env)),
  get_pid: () => text(String(process.pid)),
  die_now: () => process.exit(3),
  die_half_way: () => { process.stdout.write('{"jsonrpc":"2.0","id":1,"resu', () => process.exit(3)); return null; },
  never_answer: () => null,
};

let cancelled = 0;
function answer(message) {
  const { id, method, params } = message;
  const modern = params?._meta?.[META + 'protocolVersion'] === MODERN;
  const result = r => send({ jsonrpc: '2.0', id, result: modern ? { resultType: 'complete', ...r } : r });
  const error = (code, m) => send({ jsonrpc: '2.0', id, error: { code, message: m } });
  if (id === undefined) { if (method === 'notifications/cancelled') cancelled++; return; }
  if (process.env.CHILD_GARBAGE) process.stdout.write('this is no JSON\n\n{"half":\n[1,2]\n');
  const capabilities = { tools: { listChanged: true } };
  if (method === 'initialize') return result({ protocolVersion: params.protocolVersion === MODERN ? '2025-11-25' : params.protocolVersion, capabilities, serverInfo: { name: 'fake-exchange', version: '1' } });
  if (method === 'server/discover') return result({ supportedVersions: [MODERN], capabilities, ttlMs: 0, cacheScope: 'private' });
  if (method === 'ping') return result({});
  if (method === 'tools/list') {
    const tools = Object.keys(TOOLS).map(name => ({ name, description: 'fake ' + name, inputSchema: { type: 'object' } }));
    return result({ tools, ...(modern ? { ttlMs: 0, cacheScope: 'private' } : {}) });
  }
  if (method !== 'tools/call') return error(-32601, 'Method not found');
  if (!Object.hasOwn(TOOLS, params.name)) return error(-32602, 'Unknown tool: ' + params.name);
  const r = TOOLS[params.name](params.arguments ?? {});
  if (r) result(r);
}

log('pid ' + process.pid);
if (process.env.CHILD_STUBBORN) { process.on('SIGTERM', () => log('SIGTERM ignored')); setInterval(() => {}, 1000); }
readline.createInterface({ input: process.stdin }).on('line', line => { log(line); answer(JSON.parse(line)); })
  .on('close', () => { log('stdin closed'); if (!process.env.CHILD_STUBBORN) process.exit(0); });
