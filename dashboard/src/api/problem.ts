// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says when something did not work (RFC 9457), or that it said nothing at all.

export interface Fault {
  field: string;
  detail: string;
  line?: number;
  column?: number;
}

export class Problem extends Error {
  readonly kind: string;
  readonly status: number;
  readonly faults: Fault[];

  constructor(kind: string, status: number, detail: string, faults: Fault[] = []) {
    super(detail);
    this.kind = kind;
    this.status = status;
    this.faults = faults;
  }

  /** True when asking again may help: the gateway was not reached, or is busy. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }

  fault(field: string): string | undefined {
    return this.faults.find((fault) => fault.field === field)?.detail;
  }
}

const PREFIX = 'urn:sallyport:problem:';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function faultsOf(value: unknown): Fault[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((item) => ({
    field: String(item.field ?? ''),
    detail: String(item.detail ?? ''),
    ...(typeof item.line === 'number' ? { line: item.line } : {}),
    ...(typeof item.column === 'number' ? { column: item.column } : {}),
  }));
}

/** Of an answer that is not a success; also of one that somebody in between wrote. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => '');
  try {
    const body: unknown = JSON.parse(text);
    if (isObject(body) && typeof body.detail === 'string') {
      const type = typeof body.type === 'string' ? body.type : '';
      const kind = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : 'other';
      return new Problem(kind, response.status, body.detail, faultsOf(body.errors));
    }
  } catch {
    // Not JSON: somebody in between.
  }
  return new Problem('other', response.status, response.statusText);
}
