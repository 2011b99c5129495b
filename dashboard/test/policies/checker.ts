// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The program's own checker, which says "No mistakes" of a text. `./dev test dashboard` names the program.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

export const PROGRAM = process.env.SALLYPORT;
const AT_ONCE = 100;

interface Report {
  files: { problems: { severity: string; text: string }[] }[];
}

/** The mistakes of each text. */
export function mistakesOf(texts: string[]): string[][] {
  if (PROGRAM === undefined) throw new Error('SALLYPORT names no program');
  const folder = mkdtempSync(`${tmpdir()}/sallyport-dashboard-`);
  try {
    return Array.from({ length: Math.ceil(texts.length / AT_ONCE) }, (_, part) =>
      texts.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
    ).flatMap((some) => {
      const names = some.map((text, index) => {
        writeFileSync(`${folder}/${index}.json`, text);
        return `${index}.json`;
      });
      const { stdout } = spawnSync(PROGRAM, ['policy', 'check', '--json', ...names], { cwd: folder, encoding: 'utf8' });
      return (JSON.parse(stdout) as Report).files.map(({ problems }) =>
        problems.filter(({ severity }) => severity === 'error').map(({ text }) => text),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
