// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake MCP server over HTTP: both eras, fully under the test's control, and with a memory of every request that
// reached it. What it answers is exact, so that tests can compare bytes.
import http from 'node:http';
import { eventually } from './scratch.mjs';

export const META = 'io.modelcontextprotocol/';
export const MODERN = '2026-07-28';
export const LEGACY = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

export const tool = (name, properties = {}, extra = {}) => ({ name, description: 'fake ' + name, inputSchema: { type: 'object', properties }, ...extra });
export const text = t => ({ content: [{ type: 'text', text: t }] });

// options:
//   tools        what tools/list has
//   onCall       (message, context) -> result | undefined; undefined: the context has answered itself
//   onMessage    (message, context) -> true when it has dealt with a message of any kind
//   onGet        (context) -> for GET streams; default: an open, silent stream
//   sse          answer calls and lists as SSE instead of JSON
//   eras         'both' (default), 'legacy' or 'modern'
export class FakeUpstream {
  static async start(t, options = {}) {
    const fake = new FakeUpstream(options);
    await fake.listen();
    t?.after(() => fake.stop());
    return fake;
  }

  constructor(options) {
    this.options = { tools: [tool('echo')], eras: 'both', ...options };
    this.requests = []; // { method, url, headers, rawHeaders, body, message, closed, response }
    this.sessions = new Set();
    this.streams = new Set(); // open GET streams
    this.count = 0;
  }

  listen(port = 0) {
    this.server = http.createServer((req, res) => this.receive(req, res));
    this.server.on('connection', s => { s.on('error', () => {}); });
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => { this.port = this.server.address().port; resolve(); });
    });
  }
  // Down and, with listen(port), up again.
  stop() {
    this.server.closeAllConnections();
    return new Promise(resolve => this.server.close(() => resolve()));
  }

  get url() { return `http://127.0.0.1:${this.port}/mcp`; }
  // Requests that carried a given JSON-RPC method.
  of(method) { return this.requests.filter(r => r.message?.method === method); }
  calls() { return this.of('tools/call'); }
  async waitFor(method, count = 1) {
    await eventually(() => this.of(method).length >= count, () => `${count} x ${method} upstream; came: ${this.requests.map(r => r.message?.method ?? r.method)}`);
    return this.of(method);
  }
  // A message on every open GET stream.
  push(message, id) {
    for (const res of this.streams) res.write((id ? `id: ${id}\n` : '') + 'data: ' + JSON.stringify(message) + '\n\n');
  }

  async receive(req, res) {
    const parts = [];
    const record = { method: req.method, url: req.url, headers: req.headers, rawHeaders: req.rawHeaders, closed: false, response: res };
    res.on('close', () => { record.closed = !res.writableFinished; });
    req.on('error', () => {});
    try {
      for await (const part of req) parts.push(part);
    } catch {
      return; // the peer broke off
    }
    record.body = Buffer.concat(parts).toString('utf8');
    try { record.message = record.body ? JSON.parse(record.body) : undefined; } catch { record.message = undefined; }
    this.requests.push(record);
    const context = new Context(this, req, res, record);
    if (this.options.onRequest?.(context)) return;
    if (req.method === 'GET') this.get(context);
    else if (req.method === 'DELETE') { this.sessions.delete(req.headers['mcp-session-id']); context.status(200); }
    else this.post(context);
  }

  get(context) {
    if (this.options.onGet) return this.options.onGet(context);
    context.sse();
    context.res.write(': open\n\n');
    this.streams.add(context.res);
    context.res.on('close', () => this.streams.delete(context.res));
  }

  async post(context) {
    const m = context.message;
    if (typeof m !== 'object' || m === null) return context.error(-32700, 'Parse error', undefined, 400);
    if (this.options.onMessage?.(m, context)) return;
    if (m.id === undefined || m.method === undefined) return context.status(202);
    const modern = m.params?._meta?.[META + 'protocolVersion'] !== undefined;
    if (modern ? this.options.eras === 'legacy' : this.options.eras === 'modern') {
      return modern ? context.error(-32601, 'Method not found', undefined, 400) : context.error(-32022, 'Unsupported protocol version', { supported: [MODERN], requested: 'legacy' }, 400);
    }
    const version = m.params?._meta?.[META + 'protocolVersion'];
    if (modern && version !== MODERN) return context.error(-32022, 'Unsupported protocol version', { supported: [MODERN], requested: version }, 400);
    context.modern = modern;
    const session = context.req.headers['mcp-session-id'];
    if (!modern && m.method !== 'initialize' && !this.sessions.has(session)) return context.error(-32600, 'no such session', undefined, session ? 404 : 400);
    this.method(m, context);
  }

  async method(m, context) {
    switch (m.method) {
      case 'initialize': {
        const session = 'upstream-session-' + ++this.count;
        this.sessions.add(session);
        const version = LEGACY.includes(m.params.protocolVersion) ? m.params.protocolVersion : LEGACY[0];
        return context.json({ protocolVersion: version, capabilities: this.capabilities(), serverInfo: { name: 'fake', version: '1' } }, { 'mcp-session-id': session });
      }
      case 'server/discover': return context.result({ supportedVersions: [MODERN], capabilities: this.capabilities(), ttlMs: 0, cacheScope: 'private' });
      case 'ping': return context.result({});
      case 'tools/list': return context.result({ tools: this.options.tools, ...(context.modern ? { ttlMs: 0, cacheScope: 'private' } : {}) });
      case 'tools/call': {
        if (!this.options.tools.some(x => x.name === m.params.name)) return context.error(-32602, 'Unknown tool: ' + m.params.name);
        const result = this.options.onCall ? await this.options.onCall(m, context) : text(JSON.stringify(m.params.arguments ?? null));
        if (result !== undefined) context.result(result);
        return;
      }
      default: return context.error(-32601, 'Method not found', undefined, context.modern ? 404 : 200);
    }
  }
  capabilities() { return this.options.capabilities ?? { tools: { listChanged: true } }; }
}

// How one request is answered.
class Context {
  constructor(fake, req, res, record) { Object.assign(this, { fake, req, res, record, message: record.message }); }
  status(code, headers = {}) { this.res.writeHead(code, headers); this.res.end(); }
  raw(code, headers, body) { this.res.writeHead(code, headers); this.res.end(body); }
  envelope(member) { return { jsonrpc: '2.0', id: this.message?.id ?? null, ...member }; }
  // The answer as text, with the id in the very characters that it came in.
  answer(member) {
    const raw = /"id":\s*("(?:[^"\\]|\\.)*"|-?\d+)/.exec(this.record.body)?.[1] ?? 'null';
    return `{"jsonrpc":"2.0","id":${raw},${JSON.stringify(member).slice(1)}`;
  }
  json(result, headers = {}, code = 200) { this.raw(code, { 'content-type': 'application/json', ...headers }, this.answer({ result })); }
  error(code, message, data, status = 200) {
    this.raw(status, { 'content-type': 'application/json' }, this.answer({ error: { code, message, ...(data === undefined ? {} : { data }) } }));
  }
  sse() {
    if (this.res.headersSent) return;
    this.res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.res.flushHeaders();
  }
  event(message, id) { this.sse(); this.res.write((id ? `id: ${id}\n` : '') + 'data: ' + JSON.stringify(message) + '\n\n'); }
  result(result) {
    const full = this.modern ? { resultType: 'complete', ...result } : result;
    if (!this.fake.options.sse && !this.res.headersSent) return this.json(full);
    this.event(this.envelope({ result: full }));
    this.res.end();
  }
}
