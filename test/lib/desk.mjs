// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The dashboard before a policy that asks people about "pay", and an agent, a real client, that calls it.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Api } from './api.mjs';
import { eventually } from './scratch.mjs';
import { tool } from './upstream.mjs';
import { asks } from './waiting.mjs';
import { cookieOf, dashboard } from './window.mjs';

const require = createRequire(fileURLToPath(new URL('../e2e/package.json', import.meta.url)));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StreamableHTTPClientTransport } = require('@modelcontextprotocol/sdk/client/streamableHttp.js');
export const PASSWORD = 'a long sentence is best';

// What dashboard() gives, a grant with its client, and: call(arguments, tool), member(role, name) -> cookie, asked(count) -> questions.
export async function desk(t, { rule = {}, document = asks({ approval: { wait: '10m' }, ...rule }), label = 'ci-runner', agent = 'agent', tools = [tool('pay'), tool('free')], ...options } = {}) {
  const here = await dashboard(t, { upstream: { tools }, ...options });
  if (!here) return undefined;
  const { api, gateway } = here;
  const policy = (await api.must(201, 'POST', '/policies', { name: 'asks', document })).body;
  const grant = (await api.must(201, 'POST', '/grants', { label, servers: [{ server: 'files', policy: 'asks' }] })).body;
  gateway.tokens[label] = grant.token;
  const client = await connect(t, here, grant.token, agent);
  const call = (args, name = 'pay') => client.callTool({ name, arguments: args }, undefined, { timeout: 600_000 });
  const member = async (role, name = role) => {
    const email = `${name}@example.com`;
    const { token } = (await api.must(201, 'POST', '/invitations', { email, role })).body;
    const stranger = new Api(gateway.port); // with the admin's cookie this would end the admin's session
    await stranger.must(201, 'POST', '/invitations/accept', { token, name, password: PASSWORD });
    return cookieOf(stranger, email, PASSWORD);
  };
  const asked = async count => {
    let items = [];
    const list = async () => (await api.must(200, 'GET', '/approvals?state=asked')).body.items;
    await eventually(async () => (items = await list()).length === count, () => `${count} questions; there are ${items.length}`);
    return items;
  };
  return { ...here, policy, grant, client, call, member, asked };
}

async function connect(t, here, token, name) {
  const client = new Client({ name, version: '1' });
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${here.base}/mcp/files`), { requestInit }));
  t.after(() => client.close().catch(() => {}));
  return client;
}

export const answerIn = page => page.getByRole('dialog');
