// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The usual scene of a wire test: one fake upstream called "fake", one gateway, one grant called "agent".
import assert from 'node:assert/strict';
import { FakeUpstream } from './upstream.mjs';
import { ALLOW_ALL, startGateway } from './gateway.mjs';
import { Session } from './mcp.mjs';

export async function scene(t, { policy = ALLOW_ALL, upstream = {}, server = {}, grant = {}, extra = {}, options = {} } = {}) {
  const fake = await FakeUpstream.start(t, upstream);
  const gateway = await startGateway(t, {
    servers: { fake: { url: fake.url, ...server } },
    policies: { main: policy },
    grants: { agent: { servers: { fake: 'main' }, ...grant } },
    extra,
  }, options);
  return { fake, gateway, open: (more = {}) => Session.open(gateway, { server: 'fake', ...more }) };
}

// The one exact form of a denied call (docs/policy.md, "What the agent sees").
export function assertDenied(answer, { id, text, rule, policy = 'main', retryAfter }) {
  assert.deepEqual(Object.keys(answer).sort(), ['id', 'jsonrpc', 'result']);
  if (id !== undefined) assert.equal(answer.id, id);
  const { result } = answer;
  assert.equal(result.isError, true);
  assert.equal('structuredContent' in result, false, 'a denial has no structuredContent');
  assert.equal(result.content.length, 1);
  assert.equal(result.content[0].type, 'text');
  if (typeof text === 'string') assert.equal(result.content[0].text, '[POLICY DENIED] ' + text);
  else { assert.match(result.content[0].text, /^\[POLICY DENIED\] /); if (text) assert.match(result.content[0].text, text); }
  const decision = result._meta['sallyport/decision'];
  assert.equal(decision.outcome, 'denied');
  assert.equal(decision.rule, rule);
  assert.equal(decision.policy, policy);
  assert.ok(decision.requestId, 'a request id');
  if (retryAfter) assert.ok(Number.isInteger(decision.retryAfter) && decision.retryAfter >= retryAfter[0] && decision.retryAfter <= retryAfter[1], `retryAfter ${decision.retryAfter}`);
  else assert.equal('retryAfter' in decision, false);
  return decision;
}

export function assertUnknownTool(answer, name) {
  assert.deepEqual({ ...answer, id: 0 }, { jsonrpc: '2.0', id: 0, error: { code: -32602, message: 'Unknown tool: ' + name } });
}
export function assertAllowed(answer, expected) {
  assert.equal(answer.error, undefined, JSON.stringify(answer.error));
  assert.equal(answer.result.isError ?? false, false, JSON.stringify(answer.result));
  if (expected !== undefined) assert.equal(answer.result.content[0].text, expected);
}
export const toolRow = (name, outcome) => row => row.method === 'tools/call' && row.subject === name && (outcome === undefined || row.outcome === outcome);
