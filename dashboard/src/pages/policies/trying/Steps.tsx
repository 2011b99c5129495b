// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How a policy came to its decision, step by step, in words (docs/policy.md, "Explaining a decision").
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';

import { elements, isNull, member, textOf, written, type JsonNode } from '../../../parts/json';
import { Name } from '../../../parts/Plain';
import { formatNumber, formatSeconds, words } from '../../../words/words';
import { RuleLink } from './RuleLink';
import classes from './trying.module.css';

const said = words.policies.trying;
const STEPS_MOST = 200;

const wordAt = (node: JsonNode, name: string): string => {
  const value = member(node, name);
  return value === undefined ? '' : value.kind === 'literal' ? value.text : (textOf(value) ?? '');
};
const numberAt = (node: JsonNode, name: string): number => Number(wordAt(node, name));
const isTrue = (node: JsonNode, name: string): boolean => wordAt(node, name) === 'true';
const Soft = ({ children }: { children: ReactNode }) => <span className={classes.soft}>{children}</span>;

/** "takes 1 of 3 in 1 day, for the grant". */
export function Charge({ charge }: { charge: JsonNode }) {
  const scopes: Record<string, string> = words.policies.limit.scopes;
  const scope = wordAt(charge, 'scope');
  const span = formatSeconds(numberAt(charge, 'windowMs') / 1000);
  return said.charge(wordAt(charge, 'amount'), wordAt(charge, 'max'), span, scopes[scope] ?? scope);
}

function Found({ found }: { found: JsonNode }) {
  if (isTrue(found, 'missing')) return said.missing;
  const value = member(found, 'value');
  if (value !== undefined) return <Name text={written(value)} most={160} />;
  const start = textOf(member(found, 'start'));
  return start === undefined ? said.unreadable : <Name text={`${start}\u2026`} most={160} />;
}

function Condition({ condition }: { condition: JsonNode }) {
  const op = wordAt(condition, 'op');
  const value = member(condition, 'value');
  const found = elements(member(condition, 'found'));
  const more = numberAt(condition, 'foundCount') - found.length;
  const holds = wordAt(condition, 'holds');
  const trouble = textOf(member(condition, 'trouble'));
  return (
    <li>
      <span className={classes.mono}>
        <Name text={wordAt(condition, 'path')} />
      </span>{' '}
      {words.policies.condition.ops[op] ?? op} {!isNull(value) && value !== undefined && <Name text={written(value)} most={160} />}
      {'; '}
      {said.found}{' '}
      {found.map((each, index) => (
        <span key={index}>
          {index > 0 && ', '}
          <Found found={each} />
        </span>
      ))}
      {more > 0 && `, ${said.moreFound(formatNumber(more))}`}
      {': '}
      <b>{said.holds[holds] ?? holds}</b>
      {trouble !== undefined && (
        <>
          {' '}
          <Name text={trouble} most={300} />
        </>
      )}
    </li>
  );
}

const LISTS: Record<string, string> = {
  require: words.policies.rule.require,
  deny_if: words.policies.rule.deny_if,
  approve_if: words.policies.rule.approve_if,
};

function Predicate({ step, kind }: { step: JsonNode; kind: string }) {
  const holds = wordAt(step, 'holds');
  const stops = holds === 'cannot be judged' || (kind === 'require' ? holds === 'no' : holds === 'yes');
  const conditions = elements(member(step, 'conditions'));
  const id = wordAt(step, 'id');
  return (
    <>
      {LISTS[kind]} <RuleLink rule={wordAt(step, 'rule')} />
      {id !== '' && (
        <Soft>
          {' '}
          (<Name text={id} />)
        </Soft>
      )}
      :{' '}
      <span className={stops ? classes.decides : undefined} data-list={kind}>
        {said.whole[holds] ?? holds}
      </span>
      {isTrue(step, 'observes') && <Soft> {said.onlyObserved}</Soft>}
      {conditions.length === 0 ? (
        <Soft> {words.policies.rule.always}</Soft>
      ) : (
        <ul className={classes.conditions}>
          {conditions.map((condition, index) => (
            <Condition key={index} condition={condition} />
          ))}
        </ul>
      )}
    </>
  );
}

function Chosen({ step }: { step: JsonNode }) {
  const entry = member(step, 'entry');
  const rival = member(step, 'rival');
  const others = elements(member(step, 'others'));
  if (entry === undefined || isNull(entry)) return said.noEntry;
  return (
    <>
      {said.entry(said.by[wordAt(entry, 'by')] ?? wordAt(entry, 'by'))} <RuleLink rule={wordAt(entry, 'rule')} />
      {rival !== undefined && !isNull(rival) && (
        <>
          {'; '}
          {said.rival} <RuleLink rule={wordAt(rival, 'rule')} />
        </>
      )}
      {others.length > 0 && (
        <>
          {'; '}
          <Soft>{said.others}</Soft>{' '}
          {others.map((other, index) => (
            <span key={index}>
              {index > 0 && ', '}
              <RuleLink rule={wordAt(other, 'rule')} />
            </span>
          ))}
        </>
      )}
    </>
  );
}

function Step({ step }: { step: JsonNode }) {
  const kind = wordAt(step, 'step');
  switch (kind) {
    case 'runaway':
      return said.fuse(numberAt(step, 'identicalMax'), formatSeconds(numberAt(step, 'windowMs') / 1000), numberAt(step, 'denialsMax'));
    case 'hide': {
      const selector = textOf(member(step, 'selector'));
      return selector === undefined ? said.notHidden : <Name text={said.hiddenBy(selector)} />;
    }
    case 'select':
      return <Chosen step={step} />;
    case 'require':
    case 'deny_if':
    case 'approve_if':
      return <Predicate step={step} kind={kind} />;
    case 'limit':
      return (
        <>
          {said.limit} <RuleLink rule={wordAt(step, 'rule')} />: <Charge charge={step} />
          {isTrue(step, 'observes') && <Soft> {said.onlyObserved}</Soft>}
        </>
      );
    case 'observed':
      return (
        <>
          {wordAt(step, 'would') === 'ask' ? said.wouldAsk : said.wouldDeny} <RuleLink rule={wordAt(step, 'rule')} />
        </>
      );
    default:
      return <Name text={kind} />;
  }
}

export function Steps({ steps }: { steps: JsonNode[] }) {
  return (
    <>
      <ol className={classes.steps} aria-label={said.steps}>
        {steps.slice(0, STEPS_MOST).map((step, index) => (
          <li key={index}>
            <Step step={step} />
          </li>
        ))}
      </ol>
      {steps.length > STEPS_MOST && <Text size="xs">{words.policies.summary.more(steps.length - STEPS_MOST)}</Text>}
    </>
  );
}
