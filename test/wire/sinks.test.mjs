// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Where the decision log goes besides its file: every row, in order, whatever the receivers do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { HttpCollector, SyslogStream, signatures, udpServer } from '../lib/collectors.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually, scratch } from '../lib/scratch.mjs';
import { scene } from '../lib/wire.mjs';

const newSecret = () => 'whsec_' + randomBytes(32).toString('base64');
const hook = (collector, more = {}) => ({ name: 'hook', kind: 'webhook', url: collector.url, secret: newSecret(), from: 'oldest', ...more });
const withSinks = (t, sinks, more = {}) => scene(t, { ...more, extra: { decision_log_sinks: sinks, ...more.extra } });

async function calls(open, count, name = 'echo') {
  const session = await open();
  for (let i = 0; i < count; i++) await session.call(name, { n: i });
}
// Rows that no token stands behind: quick to make many of.
async function refusals(gateway, count) {
  for (let i = 0; i < count; i += 20)
    await Promise.all(Array.from({ length: Math.min(20, count - i) }, () => exchange(gateway.port, 'POST', '/mcp/fake', { Authorization: 'Bearer sp_nobody', 'Content-Type': 'application/json' }, '{}')));
}
async function again(gateway, options) {
  gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
  await gateway.start(options);
}
// Every row once at least and in order; those that came twice came so together.
function assertComplete(rows, expected) {
  let newest = 0;
  const seen = new Set();
  for (const { seq } of rows) {
    assert.ok(seq <= newest + 1, `row ${seq} after row ${newest}`);
    newest = Math.max(newest, seq);
    seen.add(seq);
  }
  for (const { seq, link } of expected) {
    assert.ok(seen.has(seq), `row ${seq} is missing`);
    assert.equal(rows.find(row => row.seq === seq).link, link);
  }
}
const isEnd = row => row.note === 'end';
const figure = async (gateway, name) => Number(new RegExp(`^sallyport_decision_log_sink_${name}\\{sink="hook"\\} (\\S+)$`, 'm').exec((await exchange(gateway.port, 'GET', '/metrics')).text)?.[1]);
async function ready(gateway, status = 'ready') {
  const state = JSON.parse((await exchange(gateway.port, 'GET', '/readyz')).text);
  assert.equal(state.status, status);
  return state.parts.decision_log_sinks;
}

test('a webhook gets every row in order, signed, up to the signed end', async t => {
  const collector = await HttpCollector.start(t);
  const sink = hook(collector, { previous_secret: newSecret(), headers: { 'X-Tenant': 'a b', Authorization: 'Bearer ${HOOK_TOKEN}' }, batch_rows: 7 });
  const { gateway, open } = await withSinks(t, [sink], { options: { env: { HOOK_TOKEN: 't0ken' } } });
  await calls(open, 30);
  // How far it is behind is known of rows that were written; all are when the last call's is.
  await eventually(() => gateway.rows().filter(row => row.subject === 'echo').length === 30, 'all calls are in the log');
  await eventually(async () => await figure(gateway, 'behind_rows') === 0 && await figure(gateway, 'rows_total') === gateway.rows().length, 'it has caught up');
  assert.deepEqual(await ready(gateway), { up: true });
  assert.equal(await figure(gateway, 'up'), 1);
  assert.equal(await figure(gateway, 'rows_total'), collector.rows().length);
  await gateway.stop();
  const rows = gateway.rows();
  assert.equal(rows.at(-1).note, 'end');
  assertComplete(collector.rows(), rows);
  assert.equal(collector.rows().length, rows.length, 'nothing came twice');
  for (const request of collector.requests) {
    const { headers } = request;
    assert.equal(headers['webhook-signature'], signatures(sink.secret, request) + ' ' + signatures(sink.previous_secret, request));
    assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 60);
    assert.match(headers['webhook-id'], /^msg_[0-9a-f]{32}$/);
    assert.equal(headers['content-type'], 'application/x-ndjson');
    assert.equal(headers['x-tenant'], 'a b');
    assert.equal(headers.authorization, 'Bearer t0ken');
    assert.ok(request.body.endsWith('}\n') && request.body.split('\n').length <= 8);
  }
  assert.equal(new Set(collector.requests.map(r => r.headers['webhook-id'])).size, collector.requests.length);
  assert.doesNotMatch(gateway.stderr, /t0ken|whsec_/);
});

test('a webhook may get its rows as an array', async t => {
  const collector = await HttpCollector.start(t);
  const sink = hook(collector, { format: 'array', batch_rows: 5 });
  const { gateway, open } = await withSinks(t, [sink]);
  await calls(open, 12);
  await gateway.stop();
  assertComplete(collector.taken.flatMap(body => JSON.parse(body)), gateway.rows());
  for (const request of collector.requests) {
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.headers['webhook-signature'], signatures(sink.secret, request));
  }
});

test('a receiver that fails in every way gets every row in the end', async t => {
  const hang = () => {};
  const plan = [500, 503, 401, 404, 302,
    (request, response) => response.destroy(),
    (request, response) => { response.writeHead(200, { 'Content-Length': '1000' }); response.write('half'); response.destroy(); },
    (request, response) => { response.writeHead(200); const timer = setInterval(() => response.write('x'.repeat(60000)), 1); response.on('close', () => clearInterval(timer)); },
    (request, response) => response.socket.end('SSH-2.0-nothing\r\n'),
    (request, response) => response.socket.end('HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n'),
    hang];
  const count = plan.length;
  const collector = await HttpCollector.start(t, { plan });
  const { gateway, open } = await withSinks(t, [hook(collector, { timeout: '300ms' })]);
  await calls(open, 3);
  // It waits longer from time to time, so it is woken by a restart: the position is durable.
  let log = '';
  for (let i = 0; plan.length > 0; i++) {
    const left = plan.length;
    await eventually(() => plan.length < left, `attempt ${i} of ${count}`);
    if (i === 2) {
      await eventually(async () => await figure(gateway, 'failures_total') > 0 && await figure(gateway, 'behind_rows') > 0, 'the figures tell');
      assert.match((await ready(gateway, 'degraded')).detail, /gets nothing: its rows wait in the log/);
    }
    if (i % 2 === 1) { await gateway.stop(); log += gateway.stderr; await again(gateway); }
  }
  await collector.waitRow(row => row.subject === 'echo');
  await gateway.stop();
  assertComplete(collector.rows(), gateway.rows());
  log += gateway.stderr;
  assert.match(log, /sink 'hook' gets nothing: .*; rows stay in the log until it does/);
  assert.doesNotMatch(log, /\/hook/);
});

test('the same batch is sent again with the same id, after the time that the receiver asks for', async t => {
  const asks = (request, response) => response.writeHead(429, { 'Retry-After': '3' }).end();
  const collector = await HttpCollector.start(t, { plan: [asks] });
  const { gateway, open } = await withSinks(t, [hook(collector)]);
  await calls(open, 1);
  await collector.waitRow(() => true);
  await gateway.waitLog(/sink 'hook' gets rows again/);
  const [first, second] = collector.requests;
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  assert.equal(first.body, second.body);
  assert.ok(second.at - first.at >= 3000, `after ${second.at - first.at} ms`);
});

test('a receiver that is gone for a while; the gateway is killed meanwhile', async t => {
  const collector = await HttpCollector.start(t);
  const { gateway, open } = await withSinks(t, [hook(collector, { batch_rows: 10 })]);
  await calls(open, 20);
  await collector.waitRow(row => row.subject === 'echo');
  await collector.close();
  await calls(open, 50);
  gateway.signal('SIGKILL');
  await gateway.exited;
  await again(gateway);
  await calls(open, 50);
  fs.renameSync(gateway.logFile, gateway.logFile + '.1');
  gateway.signal('SIGHUP');
  await eventually(() => fs.existsSync(gateway.logFile) && fs.statSync(gateway.logFile).size > 0, 'a new file');
  await collector.open();
  await calls(open, 5);
  gateway.signal('SIGKILL');
  await gateway.exited;
  await again(gateway);
  await gateway.stop();
  const all = [gateway.logFile + '.1', gateway.logFile].flatMap(file => fs.readFileSync(file, 'utf8').split('\n').filter(line => line.endsWith('"}'))).map(line => JSON.parse(line));
  assertComplete(collector.rows(), all);
});

test('rows that were deleted before a sink had them are told to it', async t => {
  const collector = await HttpCollector.start(t);
  await collector.close();
  const { gateway } = await withSinks(t, [hook(collector, { outcomes: ['denied'] })], { extra: { decision_log_keep_bytes: '1 MiB' } });
  await eventually(async () => { await refusals(gateway, 400); return /deleted rows up to \d+/.test(gateway.stderr); }, 'retention begins');
  await gateway.stop();
  await collector.open();
  await again(gateway);
  const { from, to, sink, time } = await collector.waitRow(row => row.note === 'missed');
  assert.equal(sink, 'hook');
  assert.equal(from, 1);
  assert.ok(to > 100 && Math.abs(Date.parse(time) - Date.now()) < 60000);
  assert.equal(await eventually(() => figure(gateway, 'missed_total'), 'it is counted'), to);
  await gateway.waitLog(/rows 1 to \d+ were deleted before sink 'hook' had them/);
  await gateway.stop();
  assert.ok(collector.rows().every(row => row.note !== undefined), 'no refusal passed the filter');
  assert.equal(collector.rows()[0].note, 'missed');
  assert.ok(collector.rows().some(row => row.note === 'retention'));
});

test('filters, and a sink that begins now', async t => {
  const [some, none, late] = [await HttpCollector.start(t), await HttpCollector.start(t), await HttpCollector.start(t)];
  const policy = { version: '1', default: 'allow', tools: { add: { action: 'deny', reason: 'no' } } };
  const { gateway, open } = await withSinks(t, [hook(some, { outcomes: ['denied', 'failed'], notes: false }), hook(none, { name: 'other', servers: ['nowhere'] })], { policy });
  await calls(open, 3);
  await calls(open, 3, 'add');
  await some.waitRow(row => row.outcome === 'denied');
  await gateway.stop();
  assert.deepEqual(some.rows().map(row => [row.outcome, row.subject]), Array(3).fill(['denied', 'add']));
  assert.ok(none.rows().length > 0 && none.rows().every(row => row.note));
  const before = gateway.rows().length;
  gateway.configure({ ...gateway.setup, extra: { decision_log_sinks: [hook(late, { from: 'now' })] } });
  await again(gateway);
  await calls(open, 1);
  await gateway.stop();
  assert.ok(late.rows().every(row => row.seq > before));
  assertComplete([{ seq: before }, ...late.rows()].map(row => ({ ...row, seq: row.seq - before + 1 })), []);
  assert.equal(late.rows().length, gateway.rows().length - before);
});

test('two gateways that share a log send to a sink once', async t => {
  const collector = await HttpCollector.start(t);
  const log = scratch(t) + '/decisions.jsonl';
  const extra = { decision_log: log };
  const first = await withSinks(t, [hook(collector)], { extra });
  await calls(first.open, 2);
  await collector.waitRow(row => row.subject === 'echo');
  const second = await withSinks(t, [hook(collector)], { extra });
  await second.gateway.waitLog(/another gateway sends to sink 'hook'/);
  await calls(second.open, 5);
  await first.gateway.stop();
  await eventually(async () => { await calls(second.open, 1); return await figure(second.gateway, 'rows_total') > 0; }, 'the second takes over');
  await second.gateway.stop();
  const rows = fs.readFileSync(log, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line));
  assertComplete(collector.rows(), rows);
  assert.equal(collector.rows().length, rows.length);
});

// A value of OTLP as plain JSON again; throws at a form that protobuf's JSON does not have.
function plain(value) {
  const [[form, inner] = ['none'], ...more] = Object.entries(value);
  assert.equal(more.length, 0);
  switch (form) {
    case 'none': return null;
    case 'stringValue': assert.equal(typeof inner, 'string'); return inner;
    case 'intValue': assert.match(inner, /^-?\d+$/); return Number(inner);
    case 'doubleValue': assert.equal(typeof inner, 'number'); return inner;
    case 'boolValue': assert.equal(typeof inner, 'boolean'); return inner;
    case 'arrayValue': return inner.values.map(plain);
    case 'kvlistValue': return Object.fromEntries(inner.values.map(({ key, value: v }) => [key, plain(v)]));
    default: throw new Error('unknown form ' + form);
  }
}
const records = body => JSON.parse(body).resourceLogs.flatMap(r => r.scopeLogs).flatMap(s => s.logRecords);
const rowOf = record => Object.fromEntries(record.attributes.map(({ key, value }) => [key.replace('sallyport.', ''), plain(value)]));

test('OTLP: rows as log records; what a collector refuses is found and left out', async t => {
  const refuse = (request, response, body, collector) => {
    const poisoned = records(body).some(record => rowOf(record).subject === 'fail');
    if (poisoned) collector.plan.unshift(refuse, refuse, refuse, refuse);
    collector.answer(response, poisoned ? 400 : 200, body, { 'Content-Type': 'application/json' }, poisoned ? '{"code":3,"message":"no such record"}' : '{}');
  };
  const collector = await HttpCollector.start(t, { plan: Array(200).fill(refuse) });
  const sink = { name: 'hook', kind: 'otlp', url: collector.url + '/v1/logs', from: 'oldest', hostname: 'gate-1', batch_rows: 64 };
  const { gateway, open } = await withSinks(t, [sink]);
  const session = await open();
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  for (let i = 0; i < 20; i++) await session.post({ jsonrpc: '2.0', id: 100 + i, method: 'tools/call', params: { name: i === 11 ? 'fail' : 'echo', arguments: { a: 1 } } }, { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  await gateway.stop();
  const taken = collector.taken.flatMap(records), rows = taken.map(rowOf);
  const expected = gateway.rows().filter(row => row.subject !== 'fail');
  assert.equal(gateway.rows().length - expected.length, 1);
  assert.deepEqual(rows.map(row => row.seq), expected.map(row => row.seq));
  for (const [i, record] of taken.entries()) {
    const { time, ...row } = expected[i];
    assert.deepEqual(rows[i], Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)));
    assert.equal(Number(BigInt(record.timeUnixNano) / 1000000n), Date.parse(time));
    assert.match(record.observedTimeUnixNano, /^\d{19}$/);
    assert.deepEqual([record.severityNumber, record.severityText], row.note ? [10, 'INFO2'] : [9, 'INFO']);
    assert.equal(record.traceId, row.trace);
    assert.equal(record.body.stringValue, row.note ? 'note ' + row.note : ['allowed', row.method, row.subject].filter(Boolean).join(' '));
  }
  assert.ok(taken.some(record => record.traceId === trace));
  assert.match(gateway.stderr, /sink 'hook' does not take row \d+, which is left out: it answers with status 400\n/);
  const [{ resource, scopeLogs: [{ scope }] }] = JSON.parse(collector.taken[0]).resourceLogs;
  assert.deepEqual(resource.attributes.map(({ key, value }) => [key, value.stringValue]), [['service.name', 'sallyport'], ['host.name', 'gate-1']]);
  assert.equal(scope.name, 'sallyport.decisions');
});

test('OTLP: a collector that says it kept only a part', async t => {
  const partly = (request, response, body, collector) => {
    const many = records(body).length >= 3;
    if (!many) collector.plan.unshift(partly);
    collector.answer(response, 200, body, {}, many ? '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"full"}}' : '{}');
  };
  const collector = await HttpCollector.start(t, { plan: [500, partly] });
  const { gateway, open } = await withSinks(t, [{ name: 'hook', kind: 'otlp', url: collector.url, from: 'oldest' }]);
  await calls(open, 5);
  await gateway.waitLog(/sink 'hook' did not keep 2 rows: a partial success\n/);
  assert.equal(await figure(gateway, 'rejected_total'), 2);
  await gateway.stop();
  assertComplete(collector.taken.flatMap(records).map(rowOf), gateway.rows());
});

test('syslog over TCP: lengths, levels, and a connection that breaks', async t => {
  const server = await SyslogStream.start(t, { onConnection: (socket, number) => {
    if (number === 1) socket.once('data', () => socket.resetAndDestroy());
    if (number === 2) socket.once('data', () => socket.end());
  } });
  const policy = { version: '1', default: 'allow', tools: { add: { action: 'deny', reason: 'no' } } };
  const sink = { name: 'siem', kind: 'syslog', url: `tcp://localhost:${server.port}`, facility: 'audit', hostname: 'gate-1', from: 'oldest', batch_rows: 20 };
  const { gateway, open } = await withSinks(t, [sink], { policy });
  await calls(open, 60);
  await eventually(async () => { await calls(open, 1); return server.connections.length >= 3; }, 'it connects again');
  await calls(open, 1, 'add');
  await server.waitRow(row => row.subject === 'add');
  await gateway.stop();
  assertComplete(server.rows(), gateway.rows());
  for (const { priority, time, host, kind, row } of server.messages()) {
    assert.equal(priority >> 3, 13);
    assert.equal(priority & 7, row.note ? 5 : row.outcome === 'allowed' ? 6 : 4);
    assert.equal(time, row.time);
    assert.equal(host, 'gate-1');
    assert.equal(kind, row.note ? 'note' : 'decision');
  }
});

test('a syslog server that does not read holds up nobody, and gets every row later', async t => {
  const server = await SyslogStream.start(t, { onConnection: (socket, number) => number <= 2 && socket.pause() });
  const sink = { name: 'siem', kind: 'syslog', url: `tcp://127.0.0.1:${server.port}`, from: 'oldest', timeout: '500ms', batch_rows: 10000 };
  const { gateway, open } = await withSinks(t, [sink]);
  await refusals(gateway, 3000);
  const begin = Date.now();
  await calls(open, 5);
  assert.ok(Date.now() - begin < 5000);
  await server.waitRow(row => row.subject === 'echo');
  await gateway.stop();
  // What the kernel of a server took, it must read some day: syslog knows no better acknowledgement.
  server.connections.forEach(({ socket }) => socket.resume());
  await eventually(() => server.rows().some(row => row.seq === 1), 'the first row is read');
  assert.ok(server.connections.length > 2, 'it gave up on those that did not read');
  assertComplete(server.rows().toSorted((a, b) => a.seq - b.seq), gateway.rows());
});

test('syslog over TLS believes only whom it is told to', async t => {
  const folder = scratch(t);
  const make = name => {
    const [key, cert] = [path.join(folder, name + '.key'), path.join(folder, name + '.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=' + name, '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
    return { key: fs.readFileSync(key), cert: fs.readFileSync(cert), file: cert };
  };
  const good = make('good'), strange = make('strange');
  const [server, impostor] = [await SyslogStream.start(t, { secure: good }), await SyslogStream.start(t, { secure: strange })];
  const sink = (name, port) => ({ name, kind: 'syslog', url: `tls://localhost:${port}`, from: 'oldest' });
  const { gateway, open } = await withSinks(t, [sink('good', server.port), sink('strange', impostor.port)], { extra: { upstream_ca: good.file } });
  await calls(open, 20);
  await server.waitRow(row => row.subject === 'echo');
  await gateway.waitLog(/sink 'strange' gets nothing: .*certificate/);
  await gateway.stop();
  assertComplete(server.rows(), gateway.rows());
  assert.equal(impostor.rows().length, 0);
});

test('syslog over UDP', async t => {
  const server = await udpServer(t);
  const { gateway, open } = await withSinks(t, [{ name: 'siem', kind: 'syslog', url: `udp://127.0.0.1:${server.port}`, from: 'oldest' }]);
  await calls(open, 20);
  await eventually(() => server.messages.some(m => m.row.subject === 'echo'), 'a row arrives');
  await gateway.stop();
  await eventually(() => server.messages.at(-1)?.row.note === 'end', 'the end arrives');
  assertComplete(server.messages.map(m => m.row), gateway.rows());
});

test('what is wrong with sinks is told before anything starts', async t => {
  const { gateway } = await scene(t);
  const secret = newSecret();
  const cases = [
    [{ name: 'a', kind: 'syslog', url: 'http://x' }, /'url' must begin with unix:, udp:\/\/, tcp:\/\/ or tls:\/\//],
    [{ name: 'a', kind: 'syslog', url: 'tcp://host' }, /'url' must be a host and a port/],
    [{ name: 'a', kind: 'syslog', url: 'tcp://ho st:1' }, /'url' must be a host and a port/],
    [{ name: 'a', kind: 'syslog', url: 'unix:log' }, /'url' must have the path of a socket/],
    [{ name: 'a', kind: 'syslog', url: 'tcp://h:1', secret }, /a sink of kind 'syslog' has no 'secret'/],
    [{ name: 'a b', kind: 'otlp', url: 'https://x/v1/logs' }, /names of sinks have 1 to 64/],
    [{ name: 'a', kind: 'otlp', url: 'https://x/', format: 'array' }, /a sink of kind 'otlp' has no 'format'/],
    [{ name: 'a', kind: 'webhook', url: 'https://x/' }, /needs 'secret'/],
    [{ name: 'a', kind: 'webhook', url: 'https://x/', secret: 'whsec_AAAA' }, /'secret' must be "whsec_"/],
    [{ name: 'a', kind: 'webhook', url: 'https://x/', secret: secret + '!' }, /'secret' must be "whsec_"/],
    [{ name: 'a', kind: 'webhook', url: 'https://u:p@x/', secret }, /'url' must not hold a user name/],
    [{ name: 'a', kind: 'otlp', url: 'http://collector.example/v1/logs', headers: { Authorization: 'x' } }, /'url' is not https: the Authorization header/],
    [{ name: 'a', kind: 'otlp', url: 'https://x/v1/logs', outcomes: ['refuse'] }, /there is no outcome 'refuse'; did you mean 'refused'/],
    [{ name: 'a', kind: 'otlp', url: 'https://x/v1/logs', notes: 'no' }, /'notes' must be true or false/],
    [{ name: 'a', kind: 'carrier pigeon', url: 'https://x/' }, /'kind' must be "syslog" or "otlp" or "webhook"/],
    [{ kind: 'otlp' }, /a sink needs 'name'/],
  ];
  for (const [sink, words] of cases) {
    gateway.configure({ ...gateway.setup, extra: { decision_log_sinks: [sink] } });
    gateway.signal('SIGHUP');
    await gateway.waitLog(words);
  }
  gateway.configure({ ...gateway.setup, extra: { decision_log_sinks: [{ name: 'a', kind: 'otlp', url: 'https://x/v1/logs' }] } });
  gateway.signal('SIGHUP');
  await gateway.waitLog(/a change of .*decision_log_sinks.* takes effect at the next start/);
});
