// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The decision log of a running gateway, through restarts, kill -9 and rotation, verified by `sallyport audit verify` and
// by a verifier of a stranger, written by what docs/decision-log.md says alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import fs from 'node:fs';
import test from 'node:test';
import { BINARY } from '../lib/gateway.mjs';
import { exchange } from '../lib/raw.mjs';
import { eventually, scratch, smallDisk } from '../lib/scratch.mjs';
import { assertAllowed, scene } from '../lib/wire.mjs';

// The rows of a log's files, oldest file first; throws at the first that is bad.
function strangersVerifier(files, publicPem) {
  const trusted = createPublicKey(publicPem);
  let [rows, link, count] = [0, Buffer.alloc(32), 0];
  for (const file of files) {
    let loose = null;
    for (const line of fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      const parts = /^(\{.*),"seq":([1-9]\d*),"link":"([0-9a-f]{64})"\}$/.exec(line);
      if (!parts) { loose = loose === null ? line : loose + '\n' + line; continue; }
      const row = JSON.parse(line);
      const bytes = Buffer.from(line.slice(0, -75));
      assert.equal(row.seq, ++rows, `${file}: the number of the row`);
      link = createHash('sha256').update(link).update(bytes).digest();
      assert.equal(row.link, link.toString('hex'), `${file}: the link of row ${rows}`);
      if (loose !== null) {
        assert.equal(row.note, 'torn');
        assert.equal(row.bytes, Buffer.byteLength(loose));
        assert.equal(row.sha256, createHash('sha256').update(loose).digest('hex'));
        loose = null;
      }
      if (row.signature) {
        assert.equal(row.rows, rows - 1);
        const text = line.slice(0, line.indexOf(',"signature":'));
        assert.ok(verify(null, Buffer.from(text), trusted, Buffer.from(row.signature, 'hex')), `${file}: the signature of row ${rows}`);
      }
      count += row.note === undefined ? 1 : 0;
    }
    assert.equal(loose, null);
  }
  return count;
}

const audit = (...args) => {
  const done = spawnSync(BINARY, ['audit', 'verify', ...args], { encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
};

async function again(gateway) {
  gateway.stopped = false; gateway.exit = undefined; gateway.stderr = '';
  await gateway.start();
}

async function someCalls(gateway, open, count) {
  const logged = () => fs.readFileSync(gateway.logFile, 'utf8').split('"method":"tools/call"').length; // a torn line is no JSON
  const session = await open();
  const before = logged();
  for (let i = 0; i < count; i++) await session.call('echo');
  await eventually(() => logged() >= before + count, 'the calls are logged');
}

test('one chain through a restart, kill -9 and rotation', async t => {
  const { gateway, open } = await scene(t, { extra: { decision_log_key: 'audit.pem' } });
  const log = gateway.logFile, key = gateway.folder + '/audit.pem';
  await someCalls(gateway, open, 5);
  assert.equal(fs.statSync(key).mode & 0o777, 0o600);
  assert.match(fs.readFileSync(key + '.pub', 'utf8'), /BEGIN PUBLIC KEY/);
  assert.equal(audit(log, '--key', key + '.pub').code, 5, 'no signed end yet');
  assert.equal(audit(log, '--key', key + '.pub', '--running').code, 0);
  await gateway.stop();
  assert.equal(audit(log, '--key', key + '.pub').code, 0);

  await again(gateway);
  await someCalls(gateway, open, 5);
  gateway.signal('SIGKILL');
  await gateway.exited;
  fs.appendFileSync(log, '{"time":"2026-11-21T0');
  await again(gateway);
  await someCalls(gateway, open, 5);

  fs.renameSync(log, log + '.1');
  gateway.signal('SIGHUP');
  await eventually(() => fs.existsSync(log) && fs.statSync(log).size > 0, 'a new file');
  await someCalls(gateway, open, 5);
  await gateway.stop();

  const { code, out } = audit(log, log + '.1', '--key', key + '.pub', '--json');
  const proof = JSON.parse(out);
  assert.equal(code, 0, out);
  assert.equal(proof.good && proof.ended && proof.key_given, true);
  assert.equal(proof.torn, 1);
  assert.equal(proof.signed_to, proof.last);
  const all = fs.readFileSync(log, 'utf8');
  fs.writeFileSync(gateway.folder + '/noted', all);
  assert.equal(audit(log, log + '.1', '--noted', gateway.folder + '/noted').code, 0);
  fs.rmSync(log);
  const cut = audit(log + '.1', '--noted', gateway.folder + '/noted');
  assert.match(cut.out, /\.1:\d+: rows \d+ to \d+ are missing at the end: row \d+ was noted/);
  assert.equal(cut.code, 1);
  fs.writeFileSync(log, all);
  assert.equal(strangersVerifier([log + '.1', log], fs.readFileSync(key + '.pub')), proof.decisions);
});

test('two gateways share a log, and one of them rotates it', async t => {
  const log = scratch(t) + '/decisions.jsonl';
  const scenes = await Promise.all([1, 2].map(() => scene(t, { extra: { decision_log: log } })));
  const sessions = await Promise.all(scenes.map(({ open }) => open()));
  const rounds = async () => { for (let i = 0; i < 30; i++) await Promise.all(sessions.map(session => session.call('echo'))); };
  await rounds();
  fs.renameSync(log, log + '.1');
  scenes[1].gateway.signal('SIGHUP');
  await eventually(() => fs.existsSync(log) && fs.statSync(log).size > 0, 'a new file');
  await rounds();
  for (const { gateway } of scenes) await gateway.stop();
  const { code, out } = audit(log, log + '.1', '--key', log + '.key.pub', '--json');
  assert.equal(code, 0, out);
  const calls = [log, log + '.1'].map(file => fs.readFileSync(file, 'utf8').split('"method":"tools/call"').length - 1);
  assert.equal(calls[0] + calls[1], 120);
});

test('what is wrong with a log is named by file and line', async t => {
  const { gateway, open } = await scene(t);
  await someCalls(gateway, open, 5);
  await gateway.stop();
  const lines = fs.readFileSync(gateway.logFile, 'utf8').split('\n');
  const pub = gateway.logFile + '.key.pub';
  const write = changed => { fs.writeFileSync(gateway.logFile, changed.join('\n')); return audit(gateway.logFile, '--key', pub); };
  const cases = [
    [lines.map((line, i) => i === 3 ? line.replace('allowed', 'refused') : line), 4, /row 4 was changed/],
    [lines.toSpliced(3, 1), 4, /row 4 is missing before row 5/],
    [lines.toSpliced(3, 2, lines[4], lines[3]), 4, /row 4 is missing before row 5/],
    [lines.toSpliced(3, 0, lines[3]), 5, /row 4 stands behind row 4/],
    [[...lines.slice(0, 4), lines[4].slice(0, 50)], 5, /ends inside a row/],
  ];
  for (const [changed, line, words] of cases) {
    const { code, out, err } = write(changed);
    assert.equal(code, 1, out);
    assert.ok(out.startsWith(`${gateway.logFile}:${line}: `), out);
    assert.match(out, words);
    assert.equal(err, '');
  }
  assert.equal(write(lines.slice(0, -2).concat('')).code, 5, 'the end is cut off');
  assert.equal(write(lines).code, 0);
  assert.equal(audit(gateway.logFile, '--key', gateway.logFile).code, 2);
  assert.equal(audit(gateway.logFile + '.nowhere').code, 2);
});

const get = async (gateway, path) => { const { status, text } = await exchange(gateway.port, 'GET', path); return { status, body: text }; };

for (const mode of ['deny', 'allow']) {
  test(`a full disk, audit_on_failure: ${mode}`, async t => {
    const disk = smallDisk(t);
    if (!disk) return t.skip('a small disk cannot be mounted here');
    const log = disk.folder + '/decisions.jsonl';
    const { gateway, open } = await scene(t, { extra: { decision_log: log, decision_log_key: 'audit.pem', audit_on_failure: mode } });
    const session = await open();
    assertAllowed(await session.call('echo'));
    disk.fill();
    await eventually(async () => {
      await session.call('echo').catch(() => {});
      return /sallyport_decision_log_up 0/.test((await get(gateway, '/metrics')).body);
    }, 'the log is known to be full');
    const ready = await get(gateway, '/readyz');
    if (mode === 'deny') {
      assert.equal(ready.status, 503);
      assert.match(ready.body, /every call is denied/);
      const refused = await session.post({ jsonrpc: '2.0', id: 77, method: 'tools/call', params: { name: 'echo', arguments: {} } });
      assert.match(JSON.stringify(refused.messages ?? refused), /The decision log cannot be written/);
    } else {
      assert.equal(ready.status, 200);
      assert.match(ready.body, /some are not recorded/);
      assertAllowed(await session.call('echo'));
    }
    disk.free();
    await eventually(async () => JSON.parse((await get(gateway, '/readyz')).body).status === 'ready', 'it recovers by itself');
    assert.match((await get(gateway, '/metrics')).body, /sallyport_decision_log_up 1/);
    assertAllowed(await session.call('echo'));
    await gateway.stop();
    const { code, out } = audit(log, '--key', gateway.folder + '/audit.pem.pub');
    assert.equal(code, 0, out);
  });
}
