// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake mail server: EHLO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA. It keeps the conversation and the messages, and
// misbehaves as a test tells it to.
import net from 'node:net';
import tls from 'node:tls';
import { eventually } from './scratch.mjs';

// `tls`: { cert, key } offers STARTTLS; with `implicit` it begins with TLS. `auth`: 'USER:PASSWORD'. `replies` has functions by
// command ("RCPT", "DATA", "." for the end of a message, "EHLO", "QUIT"): given the line, a reply, null for none, or undefined for
// the usual one.
export class SmtpServer {
  static async start(t, options = {}) {
    const server = new SmtpServer();
    Object.assign(server, { options, lines: [], messages: [], sockets: new Set(), replies: options.replies ?? {} });
    const accept = socket => server.#converse(socket, Boolean(options.implicit));
    server.server = options.implicit ? tls.createServer(options.tls, accept) : net.createServer(accept);
    server.server.on('tlsClientError', () => {});
    await new Promise(resolve => server.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    server.port = server.server.address().port;
    t.after(() => server.close());
    return server;
  }
  async close() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }
  waitMessages(count) { return eventually(() => this.messages.length >= count && this.messages, () => `${count} mails; so far ${this.messages.length}: ${this.lines.join(' | ')}`); }

  #converse(socket, secure) {
    const state = { secure, user: null, from: null, to: [], data: null, login: null, rest: Buffer.alloc(0) };
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
    this.#attach(socket, state);
    this.#say(socket, this.options.greeting ?? '220 fake.example ESMTP');
  }
  #attach(socket, state) {
    socket.on('data', piece => {
      state.rest = Buffer.concat([state.rest, piece]);
      for (let end; (end = state.rest.indexOf('\r\n')) >= 0;) {
        const line = state.rest.toString('latin1', 0, end);
        state.rest = state.rest.subarray(end + 2);
        if (this.#take(socket, state, line) === 'tls') return;
      }
    });
  }
  #say(socket, text) { if (text !== null && text !== undefined) socket.write(text + '\r\n'); }

  #take(socket, state, line) {
    if (state.data) return this.#takeData(socket, state, line);
    if (state.login) return this.#takeLogin(socket, state, line);
    const verb = line.split(/[ :]/)[0].toUpperCase();
    this.lines.push((state.secure ? 'tls ' : '') + line);
    const own = this.replies[verb]?.(line, socket);
    if (own !== undefined) return this.#say(socket, own);
    switch (verb) {
      case 'EHLO': {
        const extensions = ['fake.example', '8BITMIME', ...(this.options.tls && !state.secure && !this.options.implicit ? ['STARTTLS'] : []),
          ...(this.options.auth && (state.secure || this.options.plainAuth) ? ['AUTH ' + (this.options.mechanisms ?? 'PLAIN LOGIN')] : [])];
        return this.#say(socket, extensions.map((e, i) => `250${i === extensions.length - 1 ? ' ' : '-'}${e}`).join('\r\n'));
      }
      case 'STARTTLS': return this.#startTls(socket, state);
      case 'AUTH': return this.#auth(socket, state, line);
      case 'MAIL': state.from = /<(.*)>/.exec(line)?.[1]; state.to = []; return this.#say(socket, this.options.auth && !state.user ? '530 log in first' : '250 ok');
      case 'RCPT': state.to.push(/<(.*)>/.exec(line)?.[1]); return this.#say(socket, '250 ok');
      case 'DATA': state.data = []; return this.#say(socket, '354 go on');
      case 'RSET': case 'NOOP': return this.#say(socket, '250 ok');
      case 'QUIT': this.#say(socket, '221 bye'); return socket.end();
      default: return this.#say(socket, '500 what?');
    }
  }
  #startTls(socket, state) {
    this.#say(socket, '220 go on');
    socket.removeAllListeners('data');
    const secure = new tls.TLSSocket(socket, { isServer: true, ...this.options.tls });
    secure.on('error', () => {});
    this.sockets.add(secure);
    Object.assign(state, { secure: true, rest: Buffer.alloc(0), from: null });
    this.#attach(secure, state);
    return 'tls';
  }
  #auth(socket, state, line) {
    const [, mechanism, initial] = line.split(' ');
    state.login = { mechanism: mechanism.toUpperCase(), parts: [] };
    if (initial !== undefined) return this.#takeLogin(socket, state, initial);
    this.#say(socket, '334 ' + (state.login.mechanism === 'LOGIN' ? Buffer.from('Username:').toString('base64') : ''));
  }
  #takeLogin(socket, state, line) {
    const { mechanism, parts } = state.login;
    parts.push(Buffer.from(line, 'base64').toString());
    if (mechanism === 'LOGIN' && parts.length < 2) return this.#say(socket, '334 ' + Buffer.from('Password:').toString('base64'));
    const given = mechanism === 'LOGIN' ? parts.join(':') : parts[0].split('\0').slice(1).join(':');
    state.login = null;
    this.lines.push(`AUTH ${mechanism} ${given}`);
    state.user = given === this.options.auth ? given : null;
    this.#say(socket, state.user ? '235 welcome' : '535 5.7.8 nobody knows you');
  }
  #takeData(socket, state, line) {
    if (line !== '.') return void state.data.push(line.startsWith('.') ? line.slice(1) : line);
    const message = { from: state.from, to: state.to, raw: state.data.join('\r\n') + '\r\n', secure: state.secure };
    state.data = null;
    const own = this.replies['.']?.(message, socket);
    if (own === undefined || /^2/.test(own ?? '')) this.messages.push(parseMail(message));
    this.#say(socket, own === undefined ? '250 taken' : own);
  }
}

const quoted = text => Buffer.from(text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8');
const word = text => text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, base64) => Buffer.from(base64, 'base64').toString('latin1'));

// { headers: Map of lower-case names to arrays, subject, text, html }; throws at what is none.
export function parseMail(message) {
  const cut = message.raw.indexOf('\r\n\r\n');
  const headers = new Map();
  for (const line of message.raw.slice(0, cut).replace(/\r\n[ \t]/g, ' ').split('\r\n')) {
    const parts = /^([A-Za-z-]+): (.*)$/.exec(line);
    if (!parts) throw new Error('no header: ' + line);
    const name = parts[1].toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), parts[2]]);
  }
  const boundary = /boundary="([^"]+)"/.exec(headers.get('content-type')[0])[1];
  const parts = message.raw.slice(cut + 4).split('--' + boundary);
  if (parts[0] !== '' || parts.at(-1) !== '--\r\n') throw new Error('no multipart: ' + message.raw);
  const bodies = Object.fromEntries(parts.slice(1, -1).map(part => {
    const end = part.indexOf('\r\n\r\n');
    return [/Content-Type: (\S+);/.exec(part.slice(0, end))[1], quoted(part.slice(end + 4))];
  }));
  const subject = Buffer.from(word(headers.get('subject')[0]), 'latin1').toString('utf8');
  return { ...message, headers, subject, text: bodies['text/plain'], html: bodies['text/html'], bodies };
}
