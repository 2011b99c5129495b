// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A running gateway with a database, its first admin signed in, and a server "files" that is a fake one of the test's.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Api } from './api.mjs';
import { ALLOW_ALL, startGateway } from './gateway.mjs';
import { scratch } from './scratch.mjs';
import { FakeUpstream } from './upstream.mjs';

const PASSWORD = 'correct horse battery';
export const CHILD = [process.execPath, fileURLToPath(new URL('child.mjs', import.meta.url))];

// { gateway, api, fake, server (its id), folder }
export async function controlled(t, { workers = 1, upstream = {}, args = [], env = {}, url, extra = {}, outside = ['--allow-outside', '127.0.0.1'] } = {}) {
  const folder = path.join(scratch(t), 'data');
  const fake = url ? null : await FakeUpstream.start(t, upstream);
  const gateway = await startGateway(t, { servers: {}, grants: {}, extra: { workers, ...extra } }, { args: ['--data', folder, ...outside, ...args], env });
  const [, token] = await gateway.waitLog(/\/setup#(sp_[\w-]{43})\n/);
  const open = new Api(gateway.port);
  await open.must(201, 'POST', '/setup', { token, email: 'a@example.com', name: 'A', password: PASSWORD });
  const session = await open.must(201, 'POST', '/session', { email: 'a@example.com', password: PASSWORD });
  const cookie = session.headers.get('set-cookie').split(';')[0];
  const api = new Api(gateway.port, { Cookie: cookie, 'X-CSRF-Token': session.body.csrf_token });
  const server = await api.must(201, 'POST', '/servers', { name: 'files', transport: 'http', url: url ?? fake.url });
  return { gateway, api, fake, cookie, folder, server: server.body.id };
}

// Its id; the token is gateway.tokens[label]'s.
export async function grantFor(gateway, api, label, server = 'files') {
  const known = await api.must(200, 'GET', '/policies?name=all');
  if (known.body.items.length === 0) await api.must(201, 'POST', '/policies', { name: 'all', document: ALLOW_ALL });
  const grant = await api.must(201, 'POST', '/grants', { label, servers: [{ server, policy: 'all' }] });
  gateway.tokens[label] = grant.body.token;
  return grant.body.id;
}
