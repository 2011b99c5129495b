// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Channels of a whole gateway: the mail server of its configuration, and one that we did not write.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { once } from 'node:events';
import test from 'node:test';
import { approve, asking, held } from '../lib/asking.mjs';
import { HttpCollector, signatures } from '../lib/collectors.mjs';
import { controlled } from '../lib/controlled.mjs';
import { BINARY, sanitizerOptions } from '../lib/gateway.mjs';
import { Session } from '../lib/mcp.mjs';
import { scratch } from '../lib/scratch.mjs';
import { parseMail, SmtpServer } from '../lib/smtp.mjs';

function certificate(t) {
  const folder = scratch(t), file = name => path.join(folder, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key.pem'), '-out', file('cert.pem'), '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  return { cert: file('cert.pem'), key: file('key.pem'), tls: { cert: fs.readFileSync(file('cert.pem')), key: fs.readFileSync(file('key.pem')) } };
}
const ops = api => api.must(201, 'POST', '/channels', { name: 'ops', kind: 'mail', to: ['ops@example.com'] }).then(a => a.body.id);

test('the configuration names the mail server', async t => {
  const made = certificate(t);
  const mailbox = await SmtpServer.start(t, { tls: made.tls, auth: 'gate:hush-hush' });
  const { gateway, api } = await controlled(t, { extra: { upstream_ca: made.cert, mail: { server: `localhost:${mailbox.port}`, from: 'gate@example.com', user: 'gate', password: 'hush-hush' } } });
  const said = (await api.must(200, 'POST', `/channels/${await ops(api)}/test`)).body;
  assert.deepEqual(said, { delivered: true, status: 250, text: 'the mail server answers with 250' });
  const [message] = mailbox.messages;
  assert.equal(message.headers.get('from')[0], 'Sallyport <gate@example.com>');
  assert.match(message.html, /<strong>This is a test/);
  const figures = await (await fetch(`http://127.0.0.1:${gateway.port}/metrics`)).text();
  assert.match(figures, /^sallyport_notices_waiting 0$/m);
});

test('a webhook that is tested arrives, and without a mail server the answer says so', async t => {
  const receiver = await HttpCollector.start(t);
  const { api } = await controlled(t);
  const channel = (await api.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url: receiver.url })).body;
  assert.equal((await api.must(200, 'POST', `/channels/${channel.id}/test`)).body.delivered, true);
  assert.equal(receiver.requests[0].headers['webhook-signature'], signatures(channel.secret, receiver.requests[0]));
  assert.match((await api.refused(409, 'conflict', 'POST', `/channels/${await ops(api)}/test`)).detail, /no mail server/);
});

test('a grant that runs away is told outside, once', async t => {
  const receiver = await HttpCollector.start(t), mailbox = await SmtpServer.start(t);
  const { gateway, api, server } = await controlled(t, { extra: { mail: { server: `localhost:${mailbox.port}`, from: 'gate@example.com', security: 'none' } } });
  await api.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url: receiver.url, events: ['grant.paused'] });
  await ops(api);
  await api.must(201, 'POST', '/policies', { name: 'fused', document: { version: '1', default: 'allow', runaway: { identical_calls: { max: 2, window: 'minute' }, reason: 'it repeats\nitself' } } });
  const grant = (await api.must(201, 'POST', '/grants', { label: 'agent', servers: [{ server, policy: 'fused' }] })).body;
  gateway.tokens.agent = grant.token;
  const session = await Session.open(gateway, { server: 'files', label: 'agent' });
  for (let i = 0; i < 4; i++) await session.call('echo', { a: 1 });
  const [message] = await mailbox.waitMessages(1);
  const row = await receiver.waitRow(r => r.type === 'grant.paused');
  assert.deepEqual([row.data.grant, row.data.reason], [{ id: grant.id, label: 'agent' }, 'it repeats\nitself']);
  assert.equal(message.subject, '[Sallyport] agent is paused');
  assert.match(message.text, /^Reason {4}it repeats itself\r$/m);
  assert.equal(receiver.requests.length, 1);
});

test('what is no mail server is refused with its place', t => {
  const folder = scratch(t), file = path.join(folder, 'c.json');
  const check = mail => {
    fs.writeFileSync(file, JSON.stringify({ mail }));
    const run = spawnSync(BINARY, ['serve', '--config', file], { encoding: 'utf8', env: { PATH: process.env.PATH, ...sanitizerOptions() } });
    assert.equal(run.status, 2, run.stderr);
    return run.stderr;
  };
  const good = { server: 'localhost:25', from: 'a@example.com' };
  assert.match(check({ ...good, server: 'localhost' }), /c\.json:1:\d+: error: 'server' must be a host and a port/);
  assert.match(check({ ...good, server: 'a b:25' }), /'server' must be/);
  assert.match(check({ ...good, from: 'Sallyport <a@example.com>' }), /'from' must be an address alone/);
  assert.match(check({ ...good, from: 'a@example.com\r\nBcc: x@y' }), /'from' must be/);
  assert.match(check({ ...good, user: 'a' }), /'user' and 'password' go together/);
  assert.match(check({ ...good, user: 'a\nb', password: 'c' }), /'user' must not have control characters/);
  assert.match(check({ ...good, security: 'ssl' }), /'security' must be/);
  assert.match(check({ from: 'a@example.com' }), /'mail' needs 'server'/);
  assert.match(check({ ...good, password: '${NOT_THERE}', user: 'a' }), /'NOT_THERE' is not set/);
});

const AIO = `
import sys, json, socket, ssl
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "raw": envelope.original_content.decode("ascii")}), flush=True)
        return "250 OK"
def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"gate" and data.password == b"hush-hush")
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
probe = socket.socket(); probe.bind(("127.0.0.1", 0)); port = probe.getsockname()[1]; probe.close()
controller = Controller(Handler(), hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True, auth_required=True, authenticator=login)
controller.start()
print(port, flush=True)
sys.stdin.read()
controller.stop()
`;
const PYTHON = '/usr/bin/python3';
const without = spawnSync(PYTHON, ['-c', 'import aiosmtpd'], { stdio: 'ignore' }).status !== 0 && 'python3-aiosmtpd is not installed';

test('a mail server that others wrote takes the mail', { skip: without }, async t => {
  const made = certificate(t);
  const server = spawn(PYTHON, ['-c', AIO, made.cert, made.key], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => { server.stdin.end(); await once(server, 'exit'); });
  const lines = readline.createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const port = (await lines.next()).value;
  const mail = { server: `localhost:${port}`, from: 'gate@example.com', user: 'gate', password: 'hush-hush' };
  const { api } = await controlled(t, { extra: { upstream_ca: made.cert, mail } });
  const said = (await api.must(200, 'POST', `/channels/${await ops(api)}/test`)).body;
  assert.equal(said.delivered, true, said.text);
  const got = JSON.parse((await lines.next()).value);
  assert.deepEqual([got.from, got.to], ['gate@example.com', ['ops@example.com']]);
  const message = parseMail({ ...got, raw: got.raw });
  assert.match(message.text, /^This is a test/);
  assert.match(message.html, /<strong>This is a test/);
  // Python's own reader of mails agrees.
  const read = spawnSync(PYTHON, ['-c', 'import sys,email,email.policy as p,json; m=email.message_from_bytes(sys.stdin.buffer.read(),policy=p.default); print(json.dumps([m["Subject"], m.get_body(("plain",)).get_content(), m.get_body(("html",)).get_content(), [str(d) for q in m.walk() for d in q.defects]]))'], { input: got.raw, encoding: 'utf8' });
  const [subject, text, html, defects] = JSON.parse(read.stdout);
  assert.deepEqual(defects, []);
  assert.equal(subject, message.subject);
  assert.equal(text.replaceAll('\r\n', '\n').trimEnd(), message.text.replaceAll('\r\n', '\n').trimEnd());
  assert.equal(html.replaceAll('\r\n', '\n').trimEnd(), message.html.replaceAll('\r\n', '\n').trimEnd());
});

test('what an agent asks goes out while its call waits, and the answer too', async t => {
  const receiver = await HttpCollector.start(t), mailbox = await SmtpServer.start(t);
  const { api, session } = await asking(t, { extra: { mail: { server: `localhost:${mailbox.port}`, from: 'gate@example.com', security: 'none' } } });
  await api.must(201, 'POST', '/channels', { name: 'hook', kind: 'webhook', url: receiver.url, arguments: true });
  await ops(api);
  const { raw, id } = await held(session, api, 'pay', { amount: 12.5, to: 'x' });
  const asked = await receiver.waitRow(r => r.type === 'approval.asked');
  assert.deepEqual([asked.data.approval, asked.data.tool, asked.data.arguments], [id, 'pay', { amount: 12.5, to: 'x' }]);
  const [message] = await mailbox.waitMessages(1);
  const link = /href="([^"]+)"/.exec(message.html)[1];
  assert.equal(link, asked.data.url);
  assert.ok((await fetch(link, { redirect: 'manual' })).status < 400, 'there is such a page');
  await approve(api, id);
  assert.equal((await raw.answer()).result.content[0].text, '{"amount":12.5,"to":"x"}');
  const [, decided] = await mailbox.waitMessages(2);
  assert.equal(decided.subject, '[Sallyport] pay on default/files: approved');
  assert.equal((await receiver.waitRow(r => r.type === 'approval.decided')).data.outcome, 'approved');
  assert.equal(receiver.requests.length, 2);
});
