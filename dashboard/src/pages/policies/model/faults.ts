// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is surely wrong with the value of a field, in words, before the gateway says so: its own bounds and patterns (docs/policy.schema.json
// and the checker behind it). What is not told here, the gateway tells.
import { words } from '../../../words/words';
import { isNumber } from './edit';
import { CATEGORIES, selectorOf } from './select';
import { itemsAt, memberOf, nodeAt, sourceOf, type Node, type Path, type Tree } from './tree';

const said = words.policies.faults;

/** Says what is wrong, or nothing. */
export type Check = (text: string) => string | undefined;

const unless = (good: boolean, fault: string): string | undefined => (good ? undefined : fault);

// ---- Numbers

const INTEGER_MOST = 2n ** 63n - 1n;
const DIGITS_MOST = 36;
const EXPONENT_MOST = 9999;

export const isWhole = (text: string): boolean => /^(0|[1-9]\d*)$/.test(text);

/** A whole number between two bounds; without the upper one: as far as the gateway counts. */
export const whole =
  (least: number, most?: number): Check =>
  (text) =>
    unless(
      isWhole(text) && BigInt(text) >= BigInt(least) && BigInt(text) <= (most === undefined ? INTEGER_MOST : BigInt(most)),
      most === undefined ? words.policies.notWhole : said.range(least, most),
    );

export const anyNumber: Check = (text) => unless(isNumber(text), words.policies.notNumber);

/** What a limit may hold: an exact decimal of so many digits. */
export const amount: Check = (text) => {
  if (!isNumber(text)) return words.policies.notNumber;
  const [digits = '', exponent = '0'] = text.toLowerCase().split('e');
  const significant = digits.replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  if (significant !== '' && text.startsWith('-')) return said.negative;
  return unless(significant.length <= DIGITS_MOST && Math.abs(Number(exponent)) < EXPONENT_MOST - DIGITS_MOST, said.digits);
};

// ---- Times

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const WORDS: Record<string, number> = { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800, month: 31 * 86_400 };
const SECONDS_MOST = 366 * 86_400;

function secondsOf(text: string): number | undefined {
  const [, digits = '', unit = 's'] = /^([1-9]\d{0,7})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS[unit] ?? 0);
  return digits !== '' && seconds <= SECONDS_MOST ? seconds : undefined;
}

/** "90s", or whole seconds. */
export const duration: Check = (text) => unless(secondsOf(text) !== undefined, said.duration);
/** The same, or a word. */
export const window: Check = (text) => unless(Object.hasOwn(WORDS, text) || secondsOf(text) !== undefined, said.window);

// ---- Paths

const STEP = String.raw`(?:\.[^\x00-\x20\x7f.\[\]"*']+|\[(?:\*|0|[1-9]\d{0,8}|"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")\])`;
const OF_CALL = new RegExp(`^args${STEP}{0,32}$`, 'u');
const OF_RESULT = new RegExp(`^result${STEP}{0,32}$`, 'u');
const AROUND =
  /^(tool\.(name|category)|grant\.label|grant\.tags(\[(\*|0|[1-9]\d{0,8})\])?|client\.name|session\.calls|time\.(hour|weekday))$/;
// What the protocol needs of a result stays: the lists, their elements, and of which type those are.
const FRAME = /^(.[^.[]*|\["[^"]*"\])$|^\.(content|contents|messages)\[[^\]]*\](\.type)?$/;

const isEach = (path: string): boolean => path.replace(/"(?:[^"\\]|\\.)*"/g, '').includes('[*]');

export const callPath: Check = (text) => unless(OF_CALL.test(text) || AROUND.test(text), said.callPath);
export const resultPath: Check = (text) => unless(OF_RESULT.test(text) || AROUND.test(text), said.resultPath);
export const onePath: Check = (text) => callPath(text) ?? unless(!isEach(text), said.onePath);
export const argumentPath: Check = (text) => (OF_CALL.test(text) ? onePath(text) : said.argumentPath);
/** What of a result can be taken out. */
export const place: Check = (text) => {
  const steps = text.slice('result'.length);
  return unless(OF_RESULT.test(text) && steps !== '' && !FRAME.test(steps), said.place);
};

// ---- Texts

const EXPRESSION_MOST = 8192;
const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

export const expression: Check = (text) => unless(bytesOf(text) <= EXPRESSION_MOST, said.expression);
/** One whose matches are replaced. */
export const replaced: Check = (text) => (text === '' ? said.emptyExpression : expression(text));
export const counter: Check = (text) => unless(text !== '' && !text.startsWith('/'), said.counter);

const folder: Check = (text) => unless(/^\/[^\\\0]*$/.test(text), said.folder);

function isIpv6(text: string): boolean {
  return text.includes(':') && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]`);
}
const isIpv4 = (text: string): boolean => /^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$/.test(text);
const LABELS = /^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?)*$/i;

const host: Check = (text) => {
  const name = text.replace(/^\*\./, '').replace(/\.$/, '');
  const isNumeric = /(^|\.)(\d*|0x[^.]*)$/i.test(name);
  return unless(isIpv6(name.replace(/^\[(.*)\]$/, '$1')) || (LABELS.test(name) && (!isNumeric || isIpv4(name))), said.host);
};

const network: Check = (text) => {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  return unless(most >= 0 && rest.length === 0 && (bits === undefined || (isWhole(bits) && Number(bits) <= most)), said.network);
};

const GROUNDS: Record<string, Check> = { within_path: folder, url_host_in: host, cidr_in: network };

/** Of the values of an operator that takes a list of texts. */
export function groundsFault(op: string, texts: readonly string[]): string | undefined {
  if (texts.length === 0) return said.none;
  const check = GROUNDS[op];
  return texts.flatMap((text) => check?.(text) ?? [])[0];
}

// ---- Names

const SELECTORS = new Set(CATEGORIES.map(selectorOf));
const isStars = (text: string): boolean => /^\*{2,}$/.test(text);

/** Of an entry of `tools` or `hide`. */
export const toolSelector: Check = (text) =>
  text.startsWith('@') ? unless(SELECTORS.has(text), said.category([...SELECTORS].join(' '))) : unless(!isStars(text), said.stars);

/** Of an entry of `resources` or `prompts`. */
export const otherSelector: Check = (text) => {
  if (SELECTORS.has(text)) return said.toolsOnly;
  return text === 'default' ? said.noName : unless(!isStars(text), said.stars);
};

const JUDGED: Record<string, string> = {
  'tools/call': 'tools',
  'resources/read': 'resources',
  'resources/subscribe': 'resources',
  'prompts/get': 'prompts',
};
const HOUSEKEEPING =
  /^(initialize|ping|server\/discover|subscriptions\/listen|logging\/setLevel|tasks\/(get|result|cancel|update)|resources\/unsubscribe|notifications\/(?!message$)[\s\S]*|[\s\S]+\/list)$/;

export const method: Check = (text) => {
  const part = Object.hasOwn(JUDGED, text) ? JUDGED[text] : undefined;
  if (part !== undefined) return said.judged(words.policies.sections[part as 'tools' | 'resources' | 'prompts']);
  if (HOUSEKEEPING.test(text)) return said.housekeeping;
  return unless(!text.includes('*'), said.exact);
};

// ---- What another part of the rule takes

const wordOf = (tree: Tree, node: Node | undefined): string =>
  node === undefined ? '' : node.type === 'string' ? String(node.value) : sourceOf(tree, node);

function keyOf(tree: Tree, limit: Node): string {
  const span = wordOf(tree, memberOf(limit, 'window'));
  const isFixed = memberOf(limit, 'algorithm')?.value === 'fixed';
  const length = WORDS[span] ?? secondsOf(span) ?? span;
  return JSON.stringify([wordOf(tree, memberOf(limit, 'counter')), length, isFixed, isFixed && span === 'month']);
}

/** Two limits of one rule with one name over one window would be one. */
export function twinFault(tree: Tree, path: Path): string | undefined {
  const own = nodeAt(tree, path);
  const index = path.at(-1);
  if (own === undefined || typeof index !== 'number') return undefined;
  const before = itemsAt(tree, path.slice(0, -1)).slice(0, index);
  return unless(!before.some((limit) => keyOf(tree, limit) === keyOf(tree, own)), said.twin);
}
