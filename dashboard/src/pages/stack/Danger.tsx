// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Accordion, Anchor, Badge, Code, Group, List, Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconAlertTriangle, IconChevronDown, IconChevronRight, IconFilter, IconShieldCheck, IconUserQuestion } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import type { Schemas } from '../../api/client';
import { policiesQuery } from '../../api/queries';
import { Copied } from '../../parts/Copied';
import { visible } from '../../parts/unseen';
import { Name } from '../../parts/Plain';
import { formatNumber, words } from '../../words/words';
import { beginWith } from '../policies/draft';
import classes from './Danger.module.css';
import { layoutOf } from './layout';
import { Picture } from './Picture';

type Stack_ = Schemas['Stack'];
export type Combination = Stack_['combinations'][number];
export type View = 'now' | 'starter';
const SAID_MOST = 8;
const LISTED_MOST = 50;

const STATES = {
  possible: { colour: 'red', icon: IconAlertTriangle },
  restricted: { colour: 'orange', icon: IconFilter },
  'needs-person': { colour: 'yellow', icon: IconUserQuestion },
  broken: { colour: 'green', icon: IconShieldCheck },
} as const;

export function StateMark({ state }: { state: Combination['now'] }) {
  const { colour, icon: Icon } = STATES[state];
  return (
    <Badge
      color={colour}
      variant="outline"
      miw="max-content"
      size="md"
      c="var(--mantine-color-text)"
      leftSection={<Icon size={14} aria-hidden="true" />}
      title={words.stack.statesMore[state]}
    >
      {words.stack.states[state]}
    </Badge>
  );
}

const toolsOf = (part: Combination['parts'][number]): string => {
  const said = part.tools.slice(0, SAID_MOST).map((tool) => visible(tool.tool, 60));
  const left = part.tools.length - said.length;
  return said.join(', ') + (left > 0 ? ` ${words.stack.more(formatNumber(left))}` : '');
};

function AsList({ combination }: { combination: Combination }) {
  return (
    <List type="ordered" size="sm">
      {combination.parts.map((part) => (
        <List.Item key={part.what}>
          {part.what}
          <List size="sm" withPadding>
            {part.tools.slice(0, LISTED_MOST).map((tool, index) => (
              <List.Item key={index}>
                <Text span inherit ff="monospace">
                  <Name text={tool.tool} most={120} />
                </Text>{' '}
                <Text span inherit c="dimmed">
                  <Name text={tool.server} />
                </Text>
              </List.Item>
            ))}
            {part.tools.length > LISTED_MOST && <List.Item>{words.stack.more(formatNumber(part.tools.length - LISTED_MOST))}</List.Item>}
          </List>
        </List.Item>
      ))}
    </List>
  );
}

/** What to do, in a sentence. */
function Breaks({ combination }: { combination: Combination }) {
  return (
    <Text size="sm">
      <Text span inherit fw={600}>
        {words.stack.fix}:
      </Text>{' '}
      <Name text={combination.fix.says} most={600} />
    </Text>
  );
}

/** The rules, and the way to where they can be written. */
function Fix({ combination, servers }: { combination: Combination; servers: Stack_['servers'] }) {
  const policies = useQuery(policiesQuery).data?.items ?? [];
  const { fix } = combination;
  return (
    <Stack gap="xs">
      {Object.entries(fix.rules).map(([server, rules]) => {
        const named = servers.find((each) => each.name === server)?.policy ?? undefined;
        const policy = policies.find((each) => each.name === named);
        const document = JSON.stringify({ version: '1', default: 'deny', tools: rules }, null, 2);
        return (
          <Accordion key={server} variant="contained">
            <Accordion.Item value={server}>
              <Accordion.Control>
                <Text size="sm">
                  {words.stack.fixRules}: <Name text={server} />
                </Text>
              </Accordion.Control>
              <Accordion.Panel>
                <Stack gap="xs">
                  <Copied text={JSON.stringify(rules, null, 2)} label={words.stack.fixText(visible(server, 60))} />
                  {policy !== undefined ? (
                    <Anchor component={Link} to="/policies/$id" params={{ id: policy.id } as never} size="sm">
                      {words.stack.openPolicy(policy.name)}
                    </Anchor>
                  ) : (
                    <Anchor component={Link} to="/policies/new" onClick={() => beginWith(document)} size="sm">
                      {words.stack.newPolicy}
                    </Anchor>
                  )}
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        );
      })}
    </Stack>
  );
}

interface Props {
  combination: Combination;
  view: View;
  servers: Stack_['servers'];
  isOpen: boolean;
  toggle: () => void;
}

function Whole({ combination, view, servers }: Omit<Props, 'isOpen' | 'toggle'>) {
  const isNarrow = useMediaQuery('(max-width: 62em)', false);
  const state = combination[view];
  const label = words.stack.picture(
    combination.title,
    combination.parts.map((part) => words.stack.part(part.what, toolsOf(part))).join(words.stack.arrow),
  );
  return (
    <>
      <Text size="sm" c="dimmed">
        {combination.says} {words.stack.statesMore[state]}
      </Text>
      <Picture layout={layoutOf(combination.parts, isNarrow)} label={label} state={state} />
      {combination.one_server !== null && (
        <Text size="sm">
          <Name text={words.stack.oneServer(combination.one_server)} />
        </Text>
      )}
      <Accordion variant="default" chevronPosition="left">
        <Accordion.Item value="list">
          <Accordion.Control px={0}>
            <Text size="sm">{words.stack.asList}</Text>
          </Accordion.Control>
          <Accordion.Panel>
            <AsList combination={combination} />
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
      {state !== 'broken' && <Fix combination={combination} servers={servers} />}
      {combination.attacks.length > 0 && (
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {words.stack.attacks}:
          </Text>
          {combination.attacks.map((attack) => (
            <Anchor key={attack} href={`/catalogue/attacks/${encodeURIComponent(attack)}`} size="sm">
              <Code>{attack}</Code>
            </Anchor>
          ))}
        </Group>
      )}
    </>
  );
}

/** Folded it still says what breaks it. */
export function Danger({ combination, view, servers, isOpen, toggle }: Props) {
  const state = combination[view];
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <Paper px="md" py="sm" component="section" aria-label={combination.title}>
      <Stack gap={isOpen ? 'sm' : 4}>
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <Title order={3}>
            <UnstyledButton fz="inherit" fw="inherit" aria-expanded={isOpen} onClick={toggle} className={classes.toggle ?? ''}>
              <Chevron size={16} aria-hidden="true" />
              {combination.title}
            </UnstyledButton>
          </Title>
          <StateMark state={state} />
        </Group>
        {state !== 'broken' && <Breaks combination={combination} />}
        {isOpen && <Whole combination={combination} view={view} servers={servers} />}
      </Stack>
    </Paper>
  );
}
