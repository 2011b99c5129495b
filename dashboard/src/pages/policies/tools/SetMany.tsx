// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The question before many tools get another outcome, with each that changes.
import { Button, Checkbox, Group, List, Select, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';

import { Name } from '../../../parts/Plain';
import { Sheet } from '../../../parts/Sheet';
import { words } from '../../../words/words';
import type { ToolRow } from '../data';
import { useEditing } from '../draft';
import { OUTCOMES, type Word } from '../model/select';
import { meant, planOf, type Plan, type Planned, type Which } from './many';
import type { Row } from './rows';
import classes from './Tools.module.css';

const said = words.policies.many;
const outcomes = words.policies.tools.outcomes;
const LISTED_MOST = 200;

interface Props {
  tools: ToolRow[];
  rows: Row[];
  which: Which | undefined; // undefined: none was picked yet
  outcome: Word | undefined;
  close: () => void;
  done: () => void;
}

const keyOf = (which: Which | undefined): string | null =>
  which === undefined || which.by === 'chosen' ? null : `${which.by}:${which.value}`;

function whichOf(key: string): Which {
  const at = key.indexOf(':');
  return { by: key.slice(0, at) === 'severity' ? 'severity' : 'category', value: key.slice(at + 1) };
}

/** Categories and severities that the server has tools of. */
function choicesOf(rows: Row[]) {
  const of = (by: 'category' | 'severity', names: Record<string, string>) =>
    Object.entries(names).flatMap(([value, label]) => {
      const count = meant(rows, { by, value }).length;
      return count === 0 ? [] : [{ value: `${by}:${value}`, label: said.choice(label, count) }];
    });
  return [
    { group: said.category, items: of('category', words.category) },
    { group: said.severity, items: of('severity', words.severity) },
  ];
}

function Change({ planned }: { planned: Planned }) {
  const isSame = planned.before === planned.after;
  return (
    <List.Item>
      <Text span inherit ff="monospace">
        <Name text={planned.name} most={100} />
      </Text>
      {': '}
      {isSame ? said.own(outcomes[planned.after]) : said.change(outcomes[planned.before], outcomes[planned.after])}
      {planned.loses && (
        <Text span inherit fw={600}>
          {' '}
          {said.loses}
        </Text>
      )}
    </List.Item>
  );
}

function Preview({ plan }: { plan: Plan }) {
  const { changes, stay, locked } = plan;
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600} role="status">
        {said.changes(changes.length)}
      </Text>
      {changes.length > 0 && (
        <section
          className={classes.planned}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
          tabIndex={0}
          aria-label={said.list}
        >
          <List size="sm">
            {changes.slice(0, LISTED_MOST).map((planned) => (
              <Change key={planned.name} planned={planned} />
            ))}
          </List>
          {changes.length > LISTED_MOST && <Text size="sm">{words.policies.summary.more(changes.length - LISTED_MOST)}</Text>}
        </section>
      )}
      {stay > 0 && (
        <Text size="sm" c="dimmed">
          {said.stay(stay)} {locked > 0 && said.locked(locked)}
        </Text>
      )}
    </Stack>
  );
}

function Question({ tools, rows, which: first, outcome: wanted, close, done }: Props) {
  const { tree, edit } = useEditing();
  const [which, setWhich] = useState(first);
  const [outcome, setOutcome] = useState<Word>(wanted ?? 'ask');
  const [isOneRule, setOneRule] = useState(false);
  const plan = useMemo(
    () => (which === undefined ? undefined : planOf(tree, tools, rows, which, outcome, isOneRule)),
    [tree, tools, rows, which, outcome, isOneRule],
  );
  const mayBeOne = which?.by === 'category' && which.value !== 'Unknown';
  const act = () => {
    if (plan !== undefined) edit(() => plan.text);
    done();
  };
  return (
    <Stack>
      {which?.by === 'chosen' ? (
        <Text size="sm">{words.policies.tools.selected(which.names.size)}</Text>
      ) : (
        <Select
          label={said.which}
          placeholder={said.pick}
          data={choicesOf(rows)}
          value={keyOf(which)}
          allowDeselect={false}
          data-autofocus={which === undefined || undefined}
          onChange={(next) => next !== null && setWhich(whichOf(next))}
        />
      )}
      <Select
        label={said.outcome}
        data={OUTCOMES.map((value) => ({ value, label: outcomes[value] }))}
        value={outcome}
        allowDeselect={false}
        data-autofocus={which !== undefined || undefined}
        onChange={(next) => next !== null && setOutcome(next as Word)}
      />
      {mayBeOne && (
        <Checkbox
          label={said.oneRule}
          description={said.oneRuleMore}
          checked={isOneRule}
          onChange={(event) => setOneRule(event.currentTarget.checked)}
        />
      )}
      {plan !== undefined && <Preview plan={plan} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          {words.policies.cancel}
        </Button>
        <Button onClick={act} disabled={plan === undefined || plan.changes.length === 0}>
          {said.act}
        </Button>
      </Group>
    </Stack>
  );
}

export function SetMany({ opened, ...props }: Props & { opened: boolean }) {
  return (
    <Sheet opened={opened} close={props.close} title={said.title}>
      <Question {...props} />
    </Sheet>
  );
}
