// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';

import { problemOf } from '../../src/api/problem';

const answer = (status: number, body: string) => new Response(body, { status, statusText: 'Somewhere' });

describe('what the gateway says is read', () => {
  test('a problem with its faults', async () => {
    const body = {
      type: 'urn:sallyport:problem:invalid',
      title: 'x',
      status: 422,
      detail: 'no such field',
      errors: [{ field: 'name', detail: 'is missing', line: 3 }],
    };
    const problem = await problemOf(answer(422, JSON.stringify(body)));
    expect([problem.kind, problem.status, problem.message, problem.fault('name'), problem.passes]).toEqual([
      'invalid',
      422,
      'no such field',
      'is missing',
      false,
    ]);
    expect(problem.faults[0]?.line).toBe(3);
  });
  test.each(['', '<html>Bad gateway</html>', '[1]', '{"detail":1}', 'null'])('somebody in between wrote %j', async (body) => {
    const problem = await problemOf(answer(502, body));
    expect([problem.kind, problem.status, problem.message, problem.passes]).toEqual(['other', 502, 'Somewhere', true]);
  });
});
