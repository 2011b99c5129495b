// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A client of plain sockets: what is written is what goes out, byte for byte, and answers are read just as
// carefully. No HTTP library may tidy anything up between a test and the gateway.
import net from 'node:net';

const DEADLINE_MS = 15000;

// One connection. Reads wait for bytes, never for time; a read that never ends fails after DEADLINE_MS.
export class Raw {
  constructor(socket) {
    this.socket = socket;
    this.buffer = Buffer.alloc(0);
    this.ended = false;
    this.error = null;
    this.waiting = [];
    const wake = () => this.waiting.splice(0).forEach(f => f());
    socket.on('data', d => { this.buffer = Buffer.concat([this.buffer, d]); wake(); });
    socket.on('end', () => { this.ended = true; wake(); });
    socket.on('close', () => { this.ended = true; wake(); });
    socket.on('error', e => { this.error = e; this.ended = true; wake(); });
  }

  static connect(port, host = '127.0.0.1', options = {}) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host, allowHalfOpen: true, ...options });
      socket.once('error', reject);
      socket.once('connect', () => { socket.off('error', reject); resolve(new Raw(socket)); });
    });
  }

  write(bytes) { this.socket.write(bytes); return this; }
  // Sends FIN and goes on reading: a slow, half-closed peer.
  halfClose() { this.socket.end(); return this; }
  close() { this.socket.destroy(); }
  // RST instead of FIN.
  reset() { this.socket.resetAndDestroy(); }

  async more() {
    if (this.ended) return false;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came for ${DEADLINE_MS} ms; so far: ${JSON.stringify(this.buffer.toString().slice(0, 400))}`)), DEADLINE_MS);
    });
    try {
      await Promise.race([new Promise(resolve => this.waiting.push(resolve)), late]);
    } finally {
      clearTimeout(timer);
    }
    return true;
  }

  async until(delimiter) {
    for (;;) {
      const at = this.buffer.indexOf(delimiter);
      if (at >= 0) {
        const taken = this.buffer.subarray(0, at);
        this.buffer = this.buffer.subarray(at + delimiter.length);
        return taken;
      }
      if (!await this.more()) throw new Error(`connection ended before ${JSON.stringify(delimiter)}; had ${JSON.stringify(this.buffer.toString().slice(0, 400))}`);
    }
  }

  async exactly(count) {
    while (this.buffer.length < count) {
      if (!await this.more()) throw new Error(`connection ended after ${this.buffer.length} of ${count} bytes`);
    }
    const taken = this.buffer.subarray(0, count);
    this.buffer = this.buffer.subarray(count);
    return taken;
  }

  // Status line and headers. `headers` has lower-case names; a name that came twice holds both, joined by ", ".
  async head() {
    let lines;
    do lines = (await this.until('\r\n\r\n')).toString('latin1').split('\r\n'); while (/^HTTP\/1\.1 100 /.test(lines[0]));
    const match = /^HTTP\/1\.1 (\d{3})(?: (.*))?$/.exec(lines[0]);
    if (!match) throw new Error('not a status line: ' + JSON.stringify(lines[0]));
    const rawHeaders = lines.slice(1).map(line => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const headers = {};
    for (const [name, value] of rawHeaders) {
      const key = name.toLowerCase();
      headers[key] = key in headers ? headers[key] + ', ' + value : value;
    }
    this.current = { status: Number(match[1]), reason: match[2], headers, rawHeaders };
    return this.current;
  }

  // The pieces of the current answer's body as they come, whatever its framing.
  async *pieces() {
    const { headers, status } = this.current;
    if (status === 204 || status === 304) return;
    if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
      for (;;) {
        const size = parseInt((await this.until('\r\n')).toString(), 16);
        if (size === 0) { await this.until('\r\n'); return; }
        yield await this.exactly(size);
        await this.exactly(2);
      }
    } else if (headers['content-length'] !== undefined) {
      const size = Number(headers['content-length']);
      if (size > 0) yield await this.exactly(size);
    } else {
      for (;;) {
        if (this.buffer.length > 0) {
          const taken = this.buffer;
          this.buffer = Buffer.alloc(0);
          yield taken;
        }
        if (!await this.more() && this.buffer.length === 0) return;
      }
    }
  }

  async body() {
    const parts = [];
    for await (const piece of this.pieces()) parts.push(piece);
    return Buffer.concat(parts);
  }

  // SSE events of the current answer: { id, event, data, retry }, with comments as { comment }.
  async *events() {
    let rest = '';
    for await (const piece of this.pieces()) {
      rest += piece.toString('utf8');
      let at;
      while ((at = rest.indexOf('\n\n')) >= 0) {
        yield parseEvent(rest.slice(0, at));
        rest = rest.slice(at + 2);
      }
    }
  }

  // Head and whole body: { status, headers, rawHeaders, text, messages }.
  async answer() {
    const head = await this.head();
    const text = (await this.body()).toString('utf8');
    return { ...head, text, messages: messagesOf(head.headers, text) };
  }
}

export function parseEvent(block) {
  const event = {};
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) { event.comment = line.slice(1).trim(); continue; }
    const match = /^(\w+):? ?(.*)$/.exec(line.replace(/\r$/, ''));
    if (match) event[match[1]] = match[1] in event && match[1] === 'data' ? event.data + '\n' + match[2] : match[2];
  }
  return event;
}

export function parseEvents(text) {
  return text.split('\n\n').filter(block => block.trim() !== '').map(parseEvent);
}

export function messagesOf(headers, text) {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('text/event-stream')) return parseEvents(text).filter(e => e.data).map(e => JSON.parse(e.data));
  if (type.startsWith('application/json') && text !== '') { const m = JSON.parse(text); return Array.isArray(m) ? m : [m]; }
  return [];
}

// The bytes of a request. `headers` is a list of pairs or an object; Host and Content-Length are added unless given.
export function requestBytes(method, target, headers, body, port) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const names = new Set(pairs.map(([name]) => name.toLowerCase()));
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!names.has('host')) lines.push(`Host: 127.0.0.1:${port}`);
  for (const [name, value] of pairs) if (value !== undefined) lines.push(`${name}: ${value}`);
  if (body !== undefined && !names.has('content-length') && !names.has('transfer-encoding')) lines.push(`Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(lines.join('\r\n') + '\r\n\r\n', 'latin1'), bytes]);
}

// One request on one connection of its own, answered in full.
export async function exchange(port, method, target, headers = {}, body = undefined) {
  const raw = await Raw.connect(port);
  try {
    raw.write(requestBytes(method, target, headers, body, port));
    return await raw.answer();
  } finally {
    raw.close();
  }
}
