// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What lint finds in a policy that has no mistakes: in force, and probably not meant.
import { Button, Group, Paper, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconAlertOctagon, IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Name } from '../../parts/Plain';
import { Loading, Trouble } from '../../parts/states';
import { words } from '../../words/words';
import { lintQuery, type Finding, type Whose } from './data';
import { useEditing } from './draft';
import classes from './Findings.module.css';
import { placeOf } from './model/places';
import { useOpen } from './place';
import placeClasses from './place.module.css';
import type { Verdict } from './Verdict';

const said = words.policies.lint;
const LIST = 'findings';
const WAIT_MS = 350;
const FIRST_MOST = 6;
const ICONS = { serious: IconAlertOctagon, doubtful: IconAlertTriangle, remark: IconInfoCircle };
const WEIGHTS = ['serious', 'doubtful', 'remark'] as const;

/** Of the text as it is; while that has mistakes, of none. */
function useFindings(whose: Whose, isGood: boolean) {
  const { tree } = useEditing();
  const [text] = useDebouncedValue(tree.text, WAIT_MS);
  const query = useQuery({ ...lintQuery(text, whose), placeholderData: keepPreviousData, enabled: isGood && text === tree.text });
  const findings = query.data?.findings ?? [];
  return { query, findings: WEIGHTS.flatMap((weight) => findings.filter((each) => each.weight === weight)) };
}

function Weight({ weight }: { weight: Finding['weight'] }) {
  const Icon = ICONS[weight];
  return (
    <Text size="sm" span className={classes.weight ?? ''} data-weight={weight}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {said.weights[weight]}
    </Text>
  );
}

function Line({ finding, go }: { finding: Finding; go: (finding: Finding) => void }) {
  const { tree } = useEditing();
  const open = useOpen();
  const isPlace = placeOf(tree, finding.rule) !== undefined;
  const where = finding.rule === '' ? words.policies.check.where(finding.line, finding.column) : finding.rule;
  return (
    <li>
      <Group gap="xs">
        <Weight weight={finding.weight} />
        <UnstyledButton
          fz="xs"
          ff="monospace"
          td="underline"
          className={placeClasses.link ?? ''}
          onClick={() => (isPlace ? open(finding.rule) : go(finding))}
        >
          <Name text={where} />
        </UnstyledButton>
      </Group>
      <Text size="sm">
        <Name text={finding.text} most={600} />
      </Text>
      <Text size="xs" c="dimmed">
        <Name text={finding.advice} most={400} />
      </Text>
    </li>
  );
}

/** Where the list is out of sight: how many there are, and the way to them. */
export function FindingsCount({ whose, verdict }: Pick<Props, 'whose' | 'verdict'>) {
  const { findings } = useFindings(whose, verdict.state === 'good');
  const { length } = findings.filter((each) => each.weight !== 'remark');
  if (length === 0 || verdict.state === 'bad') return null;
  const go = () => {
    const list = document.getElementById(LIST);
    list?.scrollIntoView({ block: 'start' });
    list?.focus({ preventScroll: true });
  };
  return (
    <Button variant="light" color="yellow" size="compact-xs" radius="xl" hiddenFrom="lg" onClick={go}>
      {said.count(length)}
    </Button>
  );
}

interface Props {
  whose: Whose;
  verdict: Verdict;
  /** To a place that has no name. */
  go: (finding: Finding) => void;
}

export function Findings({ whose, verdict, go }: Props) {
  const isBad = verdict.state === 'bad';
  const { query, findings } = useFindings(whose, verdict.state === 'good');
  const [isAll, setAll] = useState(false);
  const servers = query.data?.servers ?? [];
  const isKnown = !isBad && query.data !== undefined;
  const shown = isAll ? findings : findings.slice(0, FIRST_MOST);
  return (
    <Paper p="sm" component="section" aria-label={said.title} id={LIST} tabIndex={-1}>
      <Title order={2} mb="xs">
        {said.title}
      </Title>
      {isBad && <Text size="sm">{said.mistakes}</Text>}
      {!isBad && query.data === undefined && query.error === null && <Loading rows={1} />}
      {!isBad && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {isKnown && (
        <Stack gap="xs">
          {findings.length === 0 && <Text size="sm">{said.none}</Text>}
          <Stack gap="sm" component="ul" p={0} m={0} className={classes.list ?? ''}>
            {shown.map((finding, index) => (
              <Line key={index} finding={finding} go={go} />
            ))}
          </Stack>
          {shown.length < findings.length && (
            <Button variant="default" size="compact-sm" w="fit-content" onClick={() => setAll(true)}>
              {said.all(findings.length)}
            </Button>
          )}
          {query.data.complete || <Text size="xs">{said.cut}</Text>}
          <Text size="xs" c="dimmed">
            {servers.length === 0 ? said.alone : <Name text={said.against(servers.join(', '))} most={200} />}
          </Text>
        </Stack>
      )}
    </Paper>
  );
}
