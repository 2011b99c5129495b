// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// MCP Inspector's command line through the gateway, in both protocol eras.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS, run } from '../../lib/programs.mjs';
import { scratch } from '../../lib/scratch.mjs';

const POLICY = { version: '1', default: 'allow', hide: ['withdraw_*'], tools: { add_order: { action: 'deny', reason: 'No orders.' } } };

for (const era of ['legacy', 'auto', 'modern']) {
  test(`inspector --protocol-era ${era}: list, allowed, denied, hidden`, async t => {
    const gateway = await startGateway(t, { servers: { kraken: { command: [NODE, PROGRAMS.fakeExchange] } }, policies: { main: POLICY }, grants: { agent: { servers: { kraken: 'main' } } } });
    const env = { MCP_CATALOG_PATH: path.join(scratch(t), 'catalog.json') };
    const inspect = (...args) => run(NODE, [PROGRAMS.inspector, '--cli', gateway.url('kraken'), '--transport', 'http', '--protocol-era', era,
      '--header', `Authorization: ${gateway.auth().Authorization}`, '--format', 'json', ...args], { env, timeoutMs: 60000 });
    const list = await inspect('--method', 'tools/list', '-q');
    assert.equal(list.code, 0, list.stderr + list.stdout);
    assert.match(list.stdout, /get_ticker/);
    assert.doesNotMatch(list.stdout, /withdraw_funds/);
    const allowed = await inspect('--method', 'tools/call', '--tool-name', 'get_ticker', '--tool-arg', 'pair=XBTUSD');
    assert.equal(allowed.code, 0, allowed.stderr + allowed.stdout);
    assert.match(allowed.stdout, /ticker XBTUSD/);
    const denied = await inspect('--method', 'tools/call', '--tool-name', 'add_order', '--tool-arg', 'volume=1');
    assert.equal(denied.code, 5, denied.stderr + denied.stdout);
    assert.match(denied.stdout + denied.stderr, /No orders\./);
    const hidden = await inspect('--method', 'tools/call', '--tool-name', 'withdraw_funds', '--tool-arg', 'amount=1');
    assert.notEqual(hidden.code, 0);
    assert.match(hidden.stderr + hidden.stdout, /not found|Unknown tool/);
  });
}

test('inspector without the token is turned away', async t => {
  const gateway = await startGateway(t, { servers: { kraken: { command: [NODE, PROGRAMS.fakeExchange] } }, policies: { main: POLICY }, grants: { agent: { servers: { kraken: 'main' } } } });
  const env = { MCP_CATALOG_PATH: path.join(scratch(t), 'catalog.json') };
  const answer = await run(NODE, [PROGRAMS.inspector, '--cli', gateway.url('kraken'), '--transport', 'http', '--method', 'tools/list', '--format', 'json'], { env, timeoutMs: 60000 });
  assert.notEqual(answer.code, 0);
  assert.doesNotMatch(answer.stdout, /get_ticker/);
});
