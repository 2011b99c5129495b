// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Runs the binary once and returns what it said.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, scratch } from '../lib/scratch.mjs';

export const BINARY = process.env.SALLYPORT ?? path.join(ROOT, 'build/src/sallyport');

export function run(args, { input = '', env = {}, cwd = '/' } = {}) {
  const done = spawnSync(BINARY, args, {
    cwd, input, encoding: 'utf8', timeout: 30000,
    env: { PATH: process.env.PATH, HOME: '/', ...env },
  });
  if (done.error) throw done.error;
  return { code: done.status, out: done.stdout, err: done.stderr };
}

// A folder with these files (objects become JSON).
export function folderOf(t, files) {
  const folder = scratch(t, 'sallyport-cli-');
  for (const [name, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  }
  return folder;
}
