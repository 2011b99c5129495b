// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Fake receivers of the decision log. Each keeps what it took, and misbehaves as a test tells it to.
import { createHmac } from 'node:crypto';
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { eventually } from './scratch.mjs';

const listen = server => new Promise(resolve => server.listen(server.wantedPort ?? 0, '127.0.0.1', () => resolve(server.address().port)));

// An HTTP receiver. `plan` is a list of ways to answer, used up one by one: a status, or a function of (request, response,
// body); when it is empty, everything is taken. `taken` has the bodies that were answered with 2xx.
export class HttpCollector {
  static async start(t, { plan = [], port } = {}) {
    const collector = new HttpCollector();
    Object.assign(collector, { plan, requests: [], taken: [] });
    await collector.open(port);
    t.after(() => collector.close());
    return collector;
  }
  async open(port = this.port) {
    this.server = http.createServer((request, response) => this.#take(request, response));
    this.server.wantedPort = port;
    this.port = await listen(this.server);
  }
  async close() {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
  #take(request, response) {
    const chunks = [];
    request.on('data', chunk => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const way = this.plan.shift() ?? 200;
      this.requests.push({ at: Date.now(), headers: request.headers, body });
      if (typeof way === 'function') way(request, response, body, this);
      else this.answer(response, way, body);
    }).on('error', () => {});
  }
  answer(response, status, body, headers = {}, text = '') {
    if (status >= 200 && status < 300) this.taken.push(body);
    response.writeHead(status, headers).end(text);
  }
  get url() { return `http://127.0.0.1:${this.port}/hook`; }
  rows() { return this.taken.flatMap(body => body.split('\n').filter(Boolean).map(line => JSON.parse(line))); }
  waitRow(filter) { return eventually(() => this.rows().find(filter), () => 'a row arrives; so far ' + this.rows().length + ' of ' + this.requests.length + ' requests'); }
}

// As a receiver of Standard Webhooks checks it.
export function signatures(secret, { headers, body }) {
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return 'v1,' + createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64')).update(text).digest('base64');
}

// RFC 6587 with lengths; throws at what is none of it.
export function splitOctets(bytes) {
  const messages = [];
  for (let at = 0; at < bytes.length;) {
    const head = /^([1-9]\d*) /.exec(bytes.toString('latin1', at, at + 12));
    if (!head) throw new Error('no length: ' + bytes.toString('utf8', at, at + 40));
    const start = at + head[0].length, end = start + Number(head[1]);
    if (end > bytes.length) break;
    messages.push(bytes.toString('utf8', start, end));
    at = end;
  }
  return messages;
}
const SYSLOG = /^<(\d+)>1 (\S+) (\S+) sallyport (\d+) (decision|note) - (\{.*\})$/;
export function parseSyslog(message) {
  const parts = SYSLOG.exec(message);
  if (!parts) throw new Error('no message of RFC 5424: ' + message.slice(0, 200));
  return { priority: Number(parts[1]), time: parts[2], host: parts[3], kind: parts[5], row: JSON.parse(parts[6]) };
}

// A syslog server on TCP or TLS. `onConnection(socket, number)` may misbehave.
export class SyslogStream {
  static async start(t, { secure, onConnection = () => {}, port } = {}) {
    const server = new SyslogStream();
    Object.assign(server, { connections: [], secure, onConnection });
    await server.open(port);
    t.after(() => server.close());
    return server;
  }
  async open(port = this.port) {
    const take = socket => {
      const connection = { socket, bytes: Buffer.alloc(0) };
      this.connections.push(connection);
      socket.on('data', data => { connection.bytes = Buffer.concat([connection.bytes, data]); }).on('error', () => {});
      this.onConnection(socket, this.connections.length);
    };
    this.server = this.secure ? tls.createServer(this.secure, take) : net.createServer(take);
    this.server.on('tlsClientError', () => {});
    this.server.wantedPort = port;
    this.port = await listen(this.server);
  }
  async close() {
    this.connections.forEach(({ socket }) => socket.destroy());
    await new Promise(resolve => this.server.close(resolve));
  }
  messages() { return this.connections.flatMap(({ bytes }) => splitOctets(bytes)).map(parseSyslog); }
  rows() { return this.messages().map(message => message.row); }
  waitRow(filter) { return eventually(() => this.rows().find(filter), () => 'a row arrives; so far ' + this.rows().length + ' over ' + this.connections.length + ' connections'); }
}

export async function udpServer(t) {
  const socket = dgram.createSocket('udp4'), messages = [];
  socket.on('message', message => messages.push(parseSyslog(message.toString())));
  await new Promise(resolve => socket.bind(0, '127.0.0.1', resolve));
  t.after(() => socket.close());
  return { port: socket.address().port, messages };
}
