// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Policies in the form that public catalogues publish for exchange servers, pasted unchanged: each must load and do
// what it says, at a server with Kraken's tool names and at CCXT's real server.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startGateway } from '../../lib/gateway.mjs';
import { NODE, PROGRAMS } from '../../lib/programs.mjs';
import { textOf, v1Http, v2Http } from './clients.mjs';

const HIDE = `{
  "version": "1",
  "default": "deny",
  "hide": ["cancel_order"],
  "tools": {
    "get_ticker": {},
    "get_balance": {}
  }
}`;
const BLOCK = `{
  "version": "1",
  "default": "allow",
  "tools": {
    "add_order": {
      "deny_if": [
        {
          "conditions": [],
          "on_deny": "Placing orders is blocked by policy."
        }
      ]
    }
  }
}`;
const LIMIT = `{
  "version": "1",
  "default": "allow",
  "tools": {
    "get_ticker": {
      "rate_limit": {
        "max": 10,
        "window": 60
      }
    }
  }
}`;
const DENY = `{
  "version": "1",
  "default": "allow",
  "tools": {
    "withdraw_funds": {
      "action": "deny",
      "reason": "Withdrawals need a person."
    }
  }
}`;
const CCXT = `{
  "version": "1",
  "default": "deny",
  "hide": ["set-leverage"],
  "tools": {
    "list-exchanges": { "rate_limit": { "max": 10, "window": 60 } },
    "place-market-order": { "deny_if": [ { "conditions": [], "on_deny": "Market orders are blocked by policy." } ] },
    "account-balance": { "action": "deny", "reason": "Balances are private." }
  }
}`;

const kraken = (t, policy) => startGateway(t, { servers: { kraken: { command: [NODE, PROGRAMS.fakeExchange] } }, policies: { main: policy }, grants: { agent: { servers: { kraken: 'main' } } } });
const decisionOf = result => result._meta['sallyport/decision'];
const EACH = { 'SDK 1.x': v1Http, 'SDK 2.x': v2Http, 'SDK 2.x modern': (t, g, s) => v2Http(t, g, s, { era: 'modern' }) };

for (const [name, connect] of Object.entries(EACH)) {
  test(`${name}: hide under default deny`, async t => {
    const gateway = await kraken(t, HIDE);
    const client = await connect(t, gateway, 'kraken');
    assert.ok(!(await client.listTools()).tools.some(x => x.name === 'cancel_order'));
    await assert.rejects(client.callTool({ name: 'cancel_order', arguments: { txid: 'O1' } }), e => e.code === -32602 && /Unknown tool: cancel_order/.test(e.message));
    assert.match(textOf(await client.callTool({ name: 'get_ticker', arguments: { pair: 'XBTUSD' } })), /^ticker XBTUSD/);
    const other = await client.callTool({ name: 'add_order', arguments: { pair: 'XBTUSD', volume: 1 } });
    assert.equal(other.isError, true);
    assert.equal(decisionOf(other).rule, '(default deny)');
  });

  test(`${name}: deny_if with empty conditions always denies, the rest of the server works`, async t => {
    const gateway = await kraken(t, BLOCK);
    const client = await connect(t, gateway, 'kraken');
    for (const args of [{}, { pair: 'XBTUSD', volume: 1 }, undefined]) {
      const denied = await client.callTool({ name: 'add_order', arguments: args });
      assert.equal(denied.isError, true);
      assert.equal(textOf(denied), '[POLICY DENIED] Placing orders is blocked by policy.');
    }
    assert.match(textOf(await client.callTool({ name: 'cancel_order', arguments: { txid: 'O1' } })), /^cancelled O1/);
  });

  test(`${name}: action deny gives its reason`, async t => {
    const gateway = await kraken(t, DENY);
    const client = await connect(t, gateway, 'kraken');
    const denied = await client.callTool({ name: 'withdraw_funds', arguments: { amount: 5 } });
    assert.equal(textOf(denied), '[POLICY DENIED] Withdrawals need a person.');
    assert.equal(decisionOf(denied).outcome, 'denied');
    assert.match(textOf(await client.callTool({ name: 'get_balance', arguments: {} })), /balance/);
  });
}

test('rate_limit 10 in 60 seconds counts by session', async t => {
  const gateway = await kraken(t, LIMIT);
  const [one, two] = [await v1Http(t, gateway, 'kraken'), await v2Http(t, gateway, 'kraken')];
  const ticker = client => client.callTool({ name: 'get_ticker', arguments: { pair: 'XBTUSD' } });
  for (let i = 0; i < 10; i++) assert.equal((await ticker(one)).isError ?? false, false);
  const eleventh = await ticker(one);
  assert.equal(eleventh.isError, true);
  const { retryAfter } = decisionOf(eleventh);
  assert.ok(retryAfter >= 1 && retryAfter <= 60, String(retryAfter));
  assert.match(textOf(await one.callTool({ name: 'get_balance', arguments: {} })), /balance/, 'only that tool is limited');
  assert.equal((await ticker(two)).isError ?? false, false, 'another session has its own count');
});

test('all four shapes in one policy at the real CCXT server', async t => {
  const gateway = await startGateway(t, { servers: { ccxt: { command: [NODE, PROGRAMS.ccxt] } }, policies: { main: CCXT }, grants: { agent: { servers: { ccxt: 'main' } } } });
  const client = await v1Http(t, gateway, 'ccxt');
  const call = (name, args = {}) => client.callTool({ name, arguments: args });
  assert.equal((await client.listTools()).tools.length, 23);
  for (let i = 0; i < 10; i++) assert.match(textOf(await call('list-exchanges')), /kraken/);
  assert.equal((await call('list-exchanges')).isError, true);
  assert.equal(textOf(await call('place-market-order', { exchange: 'kraken', symbol: 'BTC/USD', side: 'buy', amount: 1 })), '[POLICY DENIED] Market orders are blocked by policy.');
  assert.equal(textOf(await call('account-balance', { exchange: 'kraken', apiKey: 'x', secret: 'y' })), '[POLICY DENIED] Balances are private.');
  assert.equal(decisionOf(await call('cache-stats')).rule, '(default deny)');
  await assert.rejects(call('set-leverage', { exchange: 'kraken', symbol: 'BTC/USD', leverage: 100 }), /Unknown tool: set-leverage/);
});
