// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The official TypeScript SDK clients, old and new, connected to a server directly or through the gateway.
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';

const INFO = { name: 'peer-test', version: '1' };

export async function v1Stdio(t, command, args, { capabilities = {}, env } = {}) {
  const client = new ClientV1(INFO, { capabilities });
  await client.connect(new StdioClientTransport({ command, args, env, stderr: 'ignore' }));
  t.after(() => client.close());
  return client;
}

export async function v1Http(t, gateway, server, { capabilities = {}, label, prepare } = {}) {
  const client = new ClientV1(INFO, { capabilities });
  prepare?.(client);
  await client.connect(new HttpV1(new URL(gateway.url(server)), { requestInit: { headers: gateway.auth(label) } }));
  t.after(() => client.close().catch(() => {}));
  return client;
}

// era: 'legacy' (its default), 'auto' or 'modern'
export async function v2Http(t, gateway, server, { capabilities = {}, label, era = 'legacy', prepare } = {}) {
  const mode = era === 'modern' ? { pin: '2026-07-28' } : era;
  const client = new ClientV2(INFO, { capabilities, versionNegotiation: { mode } });
  prepare?.(client);
  await client.connect(new HttpV2(new URL(gateway.url(server)), { requestInit: { headers: gateway.auth(label) } }));
  t.after(() => client.close().catch(() => {}));
  return client;
}

// Name -> connect function: every client that a peer must get along with.
export const CLIENTS = {
  'SDK 1.x': v1Http,
  'SDK 2.x legacy': (t, gateway, server, options) => v2Http(t, gateway, server, { ...options, era: 'legacy' }),
  'SDK 2.x auto': (t, gateway, server, options) => v2Http(t, gateway, server, { ...options, era: 'auto' }),
};
export const textOf = result => result.content.map(c => c.text ?? '').join('');
