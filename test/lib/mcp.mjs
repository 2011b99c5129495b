// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// MCP on top of raw.mjs: just enough of a client, in both eras, with nothing hidden.
import { Raw, exchange, requestBytes } from './raw.mjs';
import { META, MODERN } from './upstream.mjs';

const ACCEPT = 'application/json, text/event-stream';

// A legacy-era session with one server of a gateway.
export class Session {
  constructor(gateway, server, label, version) {
    Object.assign(this, { gateway, server, label, version, next: 1 });
    this.target = '/mcp/' + server;
  }

  static async open(gateway, { server = Object.keys(gateway.setup.servers)[0], label, version = '2025-11-25', capabilities = {}, client = 'wire-test' } = {}) {
    const session = new Session(gateway, server, label, version);
    session.first = await session.post({ jsonrpc: '2.0', id: session.next++, method: 'initialize', params: { protocolVersion: version, capabilities, clientInfo: { name: client, version: '1' } } });
    if (session.first.status !== 200) throw new Error(`initialize: ${session.first.status} ${session.first.text}`);
    session.id = session.first.headers['mcp-session-id'];
    session.initialize = session.first.messages.at(-1).result;
    if (!session.id) return session; // refused, or a server without sessions
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return session;
  }

  headers(extra = {}) {
    return { ...this.gateway.auth(this.label), 'Content-Type': 'application/json', Accept: ACCEPT,
      ...(this.id ? { 'Mcp-Session-Id': this.id, 'MCP-Protocol-Version': this.version } : {}), ...extra };
  }
  // The whole HTTP answer to a message, or to text that is sent as it is.
  post(message, extra = {}) {
    return exchange(this.gateway.port, 'POST', this.target, this.headers(extra), typeof message === 'string' ? message : JSON.stringify(message));
  }
  // The JSON-RPC answer alone.
  async request(method, params = {}, extra = {}) {
    const id = this.next++;
    const answer = await this.post({ jsonrpc: '2.0', id, method, params }, extra);
    const message = answer.messages.find(m => m.id === id && m.method === undefined);
    if (!message) throw new Error(`no answer to ${method}: HTTP ${answer.status} ${answer.text.slice(0, 500)}`);
    return message;
  }
  call(name, args) { return this.request('tools/call', { name, ...(args === undefined ? {} : { arguments: args }) }); }
  async toolNames() { return (await this.request('tools/list')).result.tools.map(t => t.name); }

  // An open GET stream; the caller closes it. Its head has been read.
  async stream(extra = {}) {
    const raw = await Raw.connect(this.gateway.port);
    const headers = this.headers({ Accept: 'text/event-stream', ...extra });
    delete headers['Content-Type'];
    raw.write(requestBytes('GET', this.target, headers, undefined, this.gateway.port));
    await raw.head();
    return raw;
  }
  // A POST whose answer is read piece by piece by the caller.
  async open(message) {
    const raw = await Raw.connect(this.gateway.port);
    raw.write(requestBytes('POST', this.target, this.headers(), JSON.stringify(message), this.gateway.port));
    return raw;
  }
  // Everything that a call brings until its answer; `answers` gets what else comes, a message at a time.
  async converse(message, answers) {
    const raw = await this.open(message), asked = [];
    await raw.head();
    for await (const event of raw.events()) {
      if (!event.data) continue;
      const m = JSON.parse(event.data);
      if (m.id === message.id && m.method === undefined) { raw.close(); return { asked, answer: m }; }
      asked.push(m);
      await answers(m);
    }
    throw new Error('no answer: ' + JSON.stringify(asked));
  }
}

// ---- modern era: every request stands alone
export function modernMessage(id, method, params = {}, { capabilities = {}, version = MODERN, client = 'wire-test' } = {}) {
  const _meta = { [META + 'protocolVersion']: version, [META + 'clientCapabilities']: capabilities, [META + 'clientInfo']: { name: client, version: '1' }, ...params._meta };
  return { jsonrpc: '2.0', id, method, params: { ...params, _meta } };
}
export function modernHeaders(gateway, message, { label, version = MODERN } = {}) {
  const name = message.params?.name ?? message.params?.uri;
  return { ...gateway.auth(label), 'Content-Type': 'application/json', Accept: ACCEPT, 'MCP-Protocol-Version': version, 'Mcp-Method': message.method,
    ...(name === undefined ? {} : { 'Mcp-Name': name }) };
}
export async function modern(gateway, server, method, params = {}, { headers = {}, id = 1, ...options } = {}) {
  const message = modernMessage(id, method, params, options);
  return exchange(gateway.port, 'POST', '/mcp/' + server, { ...modernHeaders(gateway, message, options), ...headers }, JSON.stringify(message));
}
