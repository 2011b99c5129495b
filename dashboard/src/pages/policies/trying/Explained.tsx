// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a call, and why.
import { Group, List, Stack, Text, Title } from '@mantine/core';

import { Name, Plain } from '../../../parts/Plain';
import { member, textOf, type JsonNode } from '../../../parts/json';
import { When } from '../../../parts/When';
import { words } from '../../../words/words';
import type { Told } from './call';
import { becomeOf, Mark } from './Mark';
import { RuleLink } from './RuleLink';
import { Charge, Steps } from './Steps';

const said = words.policies.trying;
type Now = NonNullable<Told['answer']['now']>;

function Reason({ reason, isHidden }: { reason: string; isHidden: boolean }) {
  if (isHidden) return <Text size="sm">{said.toldHidden}</Text>;
  if (reason === '') return null;
  return (
    <Text size="sm" component="div">
      {said.told}: <Plain text={reason} />
    </Text>
  );
}

function Observed({ observed }: { observed: Record<string, unknown> }) {
  const { outcome, hidden, rule, reason } = observed;
  return (
    <Stack gap={4}>
      <Text size="sm">
        {said.observed} <Mark become={becomeOf(String(outcome), hidden === true)} /> {said.byRule} <RuleLink rule={String(rule)} />
      </Text>
      {typeof reason === 'string' && reason !== '' && (
        <Text size="sm" component="div" c="dimmed">
          <Plain text={reason} />
        </Text>
      )}
    </Stack>
  );
}

function Charges({ charges }: { charges: JsonNode[] }) {
  if (charges.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={3}>{said.charges}</Title>
      <List size="sm">
        {charges.map((charge, index) => (
          <List.Item key={index}>
            <RuleLink rule={textOf(member(charge, 'rule')) ?? ''} /> <Charge charge={charge} />
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}

export function Explained({ told }: { told: Told }) {
  const { answer, steps, charges } = told;
  return (
    <Stack gap="sm">
      <Group gap="xs" role="status">
        <Mark become={becomeOf(answer.outcome, answer.hidden)} />
        <Text size="sm">
          {said.byRule} <RuleLink rule={answer.rule} />
        </Text>
      </Group>
      <Reason reason={answer.reason} isHidden={answer.hidden} />
      {answer.observed !== null && <Observed observed={answer.observed} />}
      <Charges charges={charges} />
      <Title order={3}>{said.steps}</Title>
      <Steps steps={steps} />
    </Stack>
  );
}

function Standings({ limits }: { limits: Now['limits'] }) {
  if (limits.length === 0) return null;
  return (
    <List size="sm">
      {limits.map((limit, index) => (
        <List.Item key={index}>
          <Name text={limit.rule} most={200} />: {limit.used === '' ? said.unsummed : said.standing(limit.used, limit.max)}
          {!limit.fits && <b>, {said.full}</b>}
          {limit.observes && ` ${said.onlyObserved}`}
        </List.Item>
      ))}
    </List>
  );
}

/** What would become of the call at this moment, under what is in force for a grant. */
export function InForce({ now }: { now: Now }) {
  const { definition } = now;
  const notes = [
    now.paused ? said.paused : undefined,
    now.expired ? said.expired : undefined,
    now.mode === 'observe' ? said.mode : undefined,
    said.definitions[definition],
  ].filter((note) => note !== undefined);
  const frees = now.limits.find((limit) => !limit.fits)?.frees_at;
  return (
    <Stack gap={4}>
      <Text size="sm">
        <Mark become={becomeOf(now.outcome, now.hidden)} /> {said.byRule} <Name text={now.rule} most={200} />
      </Text>
      <Reason reason={now.reason} isHidden={now.hidden} />
      {notes.map((note) => (
        <Text size="sm" key={note}>
          {note}
        </Text>
      ))}
      <Standings limits={now.limits} />
      {frees != null && (
        <Text size="sm">
          {words.policies.trying.frees} <When at={frees} />
        </Text>
      )}
    </Stack>
  );
}
