// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A gateway whose tool "pay" needs a person's approval, a person who gives it, and calls that wait.
import assert from 'node:assert/strict';
import { Api } from './api.mjs';
import { controlled } from './controlled.mjs';
import { Session } from './mcp.mjs';
import { eventually } from './scratch.mjs';
import { tool } from './upstream.mjs';

const ANY = { 'If-Match': '*' };

// { gateway, api, fake, session, document, publish(document), grant(label), member(email, role), id (of the grant) }
export async function asking(t, { workers = 1, approval = { wait: '30s' }, extra = {}, mode = 'enforce', tools = {} } = {}) {
  const state = await controlled(t, { workers, extra, upstream: { tools: [tool('pay'), tool('echo')] } });
  const { gateway, api } = state;
  const document = { version: '1', default: 'allow', tools: { pay: { action: 'require_approval', reason: 'Money.', approval, ...tools } } };
  const policy = (await api.must(201, 'POST', '/policies', { name: 'careful', document })).body;
  const publish = d => api.must(201, 'POST', `/policies/${policy.id}/versions`, { document: d }, ANY);
  const grant = async label => {
    const made = (await api.must(201, 'POST', '/grants', { label, mode, servers: [{ server: 'files', policy: 'careful' }] })).body;
    gateway.tokens[label] = made.token;
    return made.id;
  };
  const id = await grant('agent');
  const member = async (email, role) => {
    const password = 'a password of ' + email;
    const { token } = (await api.must(201, 'POST', '/invitations', { email, role })).body;
    await api.must(201, 'POST', '/invitations/accept', { token, name: email, password });
    const open = new Api(gateway.port);
    const signed = await open.must(201, 'POST', '/session', { email, password });
    const own = new Api(gateway.port, { Cookie: signed.headers.get('set-cookie').split(';')[0], 'X-CSRF-Token': signed.body.csrf_token });
    const found = (await api.must(200, 'GET', '/members?email=' + encodeURIComponent(email))).body.items[0];
    return { id: found.id, call: (...request) => own.call(...request), set: change => api.must(200, 'PATCH', '/members/' + found.id, change, ANY) };
  };
  gateway.args = ['--data', state.folder, '--allow-outside', '127.0.0.1'];
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  return { ...state, document, publish, grant, member, id, session };
}

export const question = async (api, id) => (await api.must(200, 'GET', '/approvals/' + id)).body;
export const approve = (api, id) => api.must(200, 'POST', `/approvals/${id}/approve`, {});
export const deny = (api, id) => api.must(200, 'POST', `/approvals/${id}/deny`, {});

// The id in a pending result.
export function pendingId(answer) {
  assert.equal(answer.result?.isError, true, JSON.stringify(answer));
  const [, id] = /^\[APPROVAL PENDING\] .*(apr_\w{26})/.exec(answer.result.content[0].text) ?? assert.fail(answer.result.content[0].text);
  assert.equal(answer.result._meta['sallyport/decision'].approval, id);
  assert.equal(answer.result.structuredContent, undefined);
  return id;
}

// A call that waits on an open stream: { raw (with headRead and answer()), id (of its question), request (its own) }
export async function held(session, api, name, args) {
  const request = session.next++;
  const raw = await session.open({ jsonrpc: '2.0', id: request, method: 'tools/call', params: { name, arguments: args } });
  raw.headRead = raw.head();
  await raw.headRead;
  raw.answer = async () => {
    for await (const event of raw.events()) {
      const message = event.data && JSON.parse(event.data);
      if (message?.id === request && message.method === undefined) { raw.close(); return message; }
    }
    return assert.fail('the stream ended without an answer');
  };
  const canonical = JSON.stringify(args, Object.keys(args).sort());
  const id = await eventually(async () => {
    for (const item of (await api.must(200, 'GET', '/approvals?state=asked')).body.items) {
      const whole = await question(api, item.id);
      if (whole.state === 'asked' && JSON.stringify(whole.arguments, Object.keys(args).sort()) === canonical) return item.id;
    }
    return undefined;
  }, () => 'its question');
  return { raw, id, request };
}
