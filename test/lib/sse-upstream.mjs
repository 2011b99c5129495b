// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake MCP server with the HTTP+SSE transport of 2024-11-05, scripted by the test: GET /sse opens a conversation,
// its first event names the endpoint, everything it says comes there.
import http from 'node:http';
import { eventually } from './scratch.mjs';
import { tool, text } from './upstream.mjs';

// options:
//   onGet      (conversation) -> true when it has dealt with the GET itself (then nothing else is written)
//   endpoint   (conversation) -> what the endpoint event says; default: a path with the conversation's id
//   onPost     (post) -> true when it has answered the POST itself; else 202
//   onMessage  (message, conversation, post) -> true when it has dealt with the message itself
//   tls        options of an https server
export class FakeSse {
  static async start(t, options = {}) {
    const fake = new FakeSse(options);
    await fake.listen();
    t?.after(() => fake.stop());
    return fake;
  }

  constructor(options) {
    this.options = options;
    this.conversations = []; // { id, req, res, open }
    this.posts = []; // { url, headers, body, message, conversation, res }
  }

  async listen(port = 0, createServer = http.createServer) {
    this.server = createServer(this.options.tls ?? {}, (req, res) => this.receive(req, res));
    this.server.on('connection', s => { s.on('error', () => {}); });
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
  }
  stop() {
    this.server.closeAllConnections();
    return new Promise(resolve => this.server.close(() => resolve()));
  }

  get url() { return `http://127.0.0.1:${this.port}/base/sse?key=1`; }
  get open() { return this.conversations.filter(c => c.open); }
  get last() { return this.conversations.at(-1); }
  of(method) { return this.posts.filter(p => p.message?.method === method); }
  async waitFor(method, count = 1) {
    await eventually(() => this.of(method).length >= count, () => `${count} x ${method}; came: ${this.posts.map(p => p.message?.method)}`);
    return this.of(method);
  }

  async receive(req, res) {
    if (req.method === 'GET') return this.get(req, res);
    const url = new URL(req.url, 'http://x');
    const parts = [];
    try { for await (const part of req) parts.push(part); } catch { return; }
    const body = Buffer.concat(parts).toString('utf8');
    const conversation = this.conversations.find(c => c.id === url.searchParams.get('id'));
    const post = { method: req.method, url: req.url, headers: req.headers, body, conversation, res, message: JSON.parse(body) };
    this.posts.push(post);
    if (this.options.onPost?.(post)) return;
    if (!conversation?.open) { res.writeHead(404).end('no such conversation'); return; }
    res.writeHead(202).end('Accepted');
    this.answer(post);
  }

  get(req, res) {
    const conversation = new Conversation(String(this.conversations.length + 1) + '-secret', req, res);
    this.conversations.push(conversation);
    res.on('close', () => { conversation.open = false; });
    if (this.options.onGet?.(conversation)) return;
    conversation.begin();
    conversation.event('endpoint', this.options.endpoint?.(conversation) ?? `messages?id=${conversation.id}`);
  }

  answer(post) {
    const { message, conversation } = post;
    if (this.options.onMessage?.(message, conversation, post)) return;
    if (message.method === undefined || message.id === undefined) return;
    const results = {
      initialize: () => ({ protocolVersion: message.params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'fake-sse', version: '1' } }),
      ping: () => ({}),
      'tools/list': () => ({ tools: [tool('echo'), tool('secret')] }),
      'tools/call': () => text(`${message.params.name} ${JSON.stringify(message.params.arguments ?? null)}`),
    };
    const result = results[message.method];
    conversation.say(result ? { jsonrpc: '2.0', id: message.id, result: result() } : { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'Method not found' } });
  }
}

class Conversation {
  constructor(id, req, res) { Object.assign(this, { id, req, res, headers: req.headers, open: true }); }
  begin(status = 200, headers = { 'content-type': 'text/event-stream' }) { this.res.writeHead(status, headers); this.res.flushHeaders(); }
  event(type, data) { this.res.write(`event: ${type}\ndata: ${data}\n\n`); }
  say(message) { this.event('message', JSON.stringify(message)); }
}
