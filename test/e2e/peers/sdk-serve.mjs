// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How a server on the official TypeScript SDKs is put on standard input and output, or on a free port whose URL is
// printed. `make` makes a server for one session (version 1) or for one request or process (version 2).
import http from 'node:http';
import { randomUUID } from 'node:crypto';

function listen(handle) {
  const server = http.createServer((req, res) => handle(req, res).catch(e => { console.error(e); res.destroy(); }));
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
}

export async function serveLegacy(make, transport) {
  if (transport === 'stdio') {
    const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
    await make().connect(new StdioServerTransport());
    return;
  }
  const { StreamableHTTPServerTransport } = await import('@modelcontextprotocol/sdk/server/streamableHttp.js');
  const sessions = new Map();
  listen(async (req, res) => {
    const id = req.headers['mcp-session-id'];
    if (id !== undefined && !sessions.has(id)) return res.writeHead(404).end();
    let session = sessions.get(id);
    if (session === undefined) {
      session = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: made => { sessions.set(made, session); } });
      await make().connect(session);
    }
    await session.handleRequest(req, res);
  });
}

// What tells clients on HTTP of changes; nothing on pipes.
export async function serveModern(make, transport) {
  if (transport === 'stdio') {
    const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
    serveStdio(make, { legacy: 'reject' });
    return undefined;
  }
  const { createMcpHandler } = await import('@modelcontextprotocol/server');
  const { toNodeHandler } = await import('@modelcontextprotocol/node');
  const handler = createMcpHandler(make, { legacy: 'reject', onerror: e => console.error(e.message) });
  const handle = toNodeHandler(handler);
  listen(async (req, res) => handle(req, res));
  return handler.notify;
}
