// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The authorization server and the protected server of the official SDK's examples: the gateway registers itself there,
// a person agrees, and a client of the gateway reaches the server.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import express from 'express';
import { DemoInMemoryAuthProvider } from '@modelcontextprotocol/sdk/examples/server/demoInMemoryOAuthProvider.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter, mcpAuthRouter, createOAuthMetadata } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { controlled, grantFor } from '../../lib/controlled.mjs';
import { Session } from '../../lib/mcp.mjs';
import { exchange } from '../../lib/raw.mjs';

// Its address is known before what answers there.
async function listen(t) {
  const place = { app: null };
  const server = http.createServer((req, res) => place.app(req, res));
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  place.url = new URL(`http://127.0.0.1:${server.address().port}/`);
  return place;
}

async function sdkServers(t) {
  const issuer = await listen(t), resource = await listen(t);
  const address = new URL('/mcp', resource.url);
  const provider = new DemoInMemoryAuthProvider(asked => asked?.href === address.href);
  const scopesSupported = ['mcp:tools'];
  issuer.app = express().use(mcpAuthRouter({ provider, issuerUrl: issuer.url, scopesSupported }));
  const oauthMetadata = createOAuthMetadata({ provider, issuerUrl: issuer.url, scopesSupported });
  const callers = [];
  resource.app = express().use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: address, scopesSupported }));
  resource.app.post('/mcp', requireBearerAuth({ verifier: provider, requiredScopes: scopesSupported, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(address) }), express.json(), async (req, res) => {
    callers.push(req.auth.clientId);
    const server = new McpServer({ name: 'protected', version: '1' });
    server.registerTool('whoami', {}, () => ({ content: [{ type: 'text', text: req.auth.clientId }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
    res.on('close', () => { transport.close(); server.close(); });
    await server.connect(transport);
    await transport.handleRequest(req, res, req.body);
  });
  return { address, provider, callers };
}

test('the official SDK\'s authorization server lets the gateway in', async t => {
  const { address, provider, callers } = await sdkServers(t);
  const { gateway, api, cookie, server } = await controlled(t, { url: address.href });
  await grantFor(gateway, api, 'agent');
  const begun = (await api.must(201, 'POST', `/servers/${server}/authorizations`, {})).body;
  assert.equal(begun.client_source, 'registered');
  assert.equal(provider.clientsStore.clients.size, 1);
  // What the person's browser does: it opens the address and is sent back.
  const sent = await fetch(begun.authorization_url, { redirect: 'manual' });
  assert.equal(sent.status, 302, await sent.text());
  const back = new URL(sent.headers.get('location'));
  const page = await exchange(gateway.port, 'GET', back.pathname + back.search, { Cookie: cookie });
  assert.equal(page.status, 200, page.text);
  const session = await Session.open(gateway, { label: 'agent', server: 'files' });
  assert.equal((await session.call('whoami')).result.content[0].text, begun.client_id);
  assert.ok(callers.length > 0 && callers.every(caller => caller === begun.client_id));
  // The server ends the token: that is seen, and said.
  const row = (await api.must(200, 'GET', `/servers/${server}/authorizations`)).body.items[0];
  assert.deepEqual([row.state, row.scope, row.resource], ['ready', 'mcp:tools', address.href]);
});
