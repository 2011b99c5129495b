// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Small things that every test file needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const LIB = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(LIB, '..', '..');
export const MODULES = path.join(ROOT, 'test/e2e/node_modules');

// A folder of its own for one test, gone when the file's last test is over: not before, because what a test started may
// stop later than its first hook, and misses the folder (a gateway whose decision log is gone tries for a while).
const folders = [];
export function scratch(t, prefix = 'sallyport-test-') {
  if (folders.length === 0) process.once('exit', () => folders.forEach(folder => fs.rmSync(folder, { recursive: true, force: true })));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

// A disk of its own that a file fills; null where mounting is not permitted.
export function smallDisk(t, size = '256k') {
  const folder = scratch(t);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'none', folder]).status !== 0) return null;
  process.prependOnceListener('exit', () => spawnSync('umount', [folder])); // before the folder goes
  return {
    folder,
    fill: () => { try { fs.writeFileSync(folder + '/ballast', Buffer.alloc(16 << 20)); } catch (error) { assert.equal(error.code, 'ENOSPC'); } },
    free: () => fs.rmSync(folder + '/ballast'),
  };
}

export const newToken = () => 'sp_' + randomBytes(32).toString('base64url');
export const sha256 = text => createHash('sha256').update(text).digest('hex');

// Resolves with the first truthy value of `probe`; asks again after a little time. The deadline only ends tests that fail: a disk
// that others write to can hold a start back for many seconds.
export async function eventually(probe, what, deadlineMs = 60000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error('did not happen in time: ' + (typeof what === 'function' ? what() : what));
    await new Promise(resolve => setTimeout(resolve, 15));
  }
}

export function alive(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

// Every living descendant of a process.
export function descendants(pid) {
  const children = [];
  let tasks = [];
  try { tasks = fs.readdirSync(`/proc/${pid}/task`); } catch { return []; }
  for (const task of tasks) {
    try {
      for (const child of fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(/\s+/)) {
        if (child) children.push(Number(child));
      }
    } catch { /* the thread is gone */ }
  }
  return children.flatMap(child => [child, ...descendants(child)]);
}
