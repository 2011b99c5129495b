// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A gateway with a database whose policy asks a person about the tool "pay", and the person who answers over the API.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { controlled } from './controlled.mjs';
import { BINARY, sanitizerOptions } from './gateway.mjs';
import { modern } from './mcp.mjs';
import { eventually } from './scratch.mjs';
import { tool } from './upstream.mjs';

const ALL = { default: 'allow' };
export const asks = (rule = {}) => ({ version: '1', ...ALL, resources: ALL, prompts: ALL, methods: { 'elicitation/create': 'allow' }, tools: { pay: { action: 'require_approval', reason: 'Money leaves.', approval: { wait: '1s' }, ...rule } } });

// What controlled() gives, and person: { open(), approve(id), deny(id), question(id) }.
export async function asking(t, { rule = {}, labels = ['agent'], upstream = {}, ...options } = {}) {
  const scene = await controlled(t, { upstream: { tools: [tool('pay'), tool('free')], ...upstream }, ...options });
  const { api, gateway } = scene;
  const policy = await api.must(201, 'POST', '/policies', { name: 'asks', document: asks(rule) });
  for (const label of labels)
    gateway.tokens[label] = (await api.must(201, 'POST', '/grants', { label, servers: [{ server: 'files', policy: 'asks' }] })).body.token;
  const list = async state => (await api.must(200, 'GET', `/approvals?state=${state}&limit=100`)).body.items;
  const answer = (verb, id, body = {}) => api.must(200, 'POST', `/approvals/${id}/${verb}`, body);
  const person = {
    list,
    approve: (id, body) => answer('approve', id, body),
    deny: (id, body) => answer('deny', id, body),
    question: async id => (await api.must(200, 'GET', '/approvals/' + id)).body,
    // The one question that waits, when there is one.
    open: async (count = 1) => {
      let items = [];
      await eventually(async () => (items = await list('asked')).length >= count, () => `${count} open questions; there are ${items.length}`);
      assert.equal(items.length, count);
      return items[0].id;
    },
  };
  // Ends the gateway and starts it again on the same folder, perhaps with new keys.
  const again = async ({ signal = 'SIGTERM', rotate = false } = {}) => {
    gateway.signal(signal);
    await gateway.exited;
    Object.assign(gateway, { exit: undefined, stderr: '' });
    if (rotate) execFileSync(BINARY, ['admin', 'rotate-keys', '--data', scene.folder], { env: { PATH: process.env.PATH, ...sanitizerOptions() } });
    await gateway.start({ args: ['--data', scene.folder, '--allow-outside', '127.0.0.1'] });
    api.port = gateway.port;
  };
  return { ...scene, person, again, policy: policy.body };
}

// A call of 2026-07-28; `back` is what the last answer to it gave: its requestState and answers to what it asked.
let next = 100;
export async function call(gateway, args = {}, { back = {}, tool: name = 'pay', server = 'files', ...options } = {}) {
  const answer = await modern(gateway, server, 'tools/call', { name, arguments: args, ...back }, { id: ++next, ...options });
  return answer.messages.at(-1);
}

// Sends the call again as a client does, until it is answered otherwise; `told` gets each round's result.
export async function rounds(gateway, args, { told = () => {}, most = 12, ...options } = {}) {
  let message = await call(gateway, args, options), count = 0;
  while (message.result?.resultType === 'input_required' && ++count <= most) {
    const inputResponses = await told(message.result, count);
    const back = { requestState: message.result.requestState, ...(inputResponses && { inputResponses }) };
    message = await call(gateway, args, { ...options, back });
  }
  return { message, count };
}
export const textOf = message => message.result?.content?.map(c => c.text).join('') ?? JSON.stringify(message);
