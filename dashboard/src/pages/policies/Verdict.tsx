// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says of the text: a word in the head, and the list of what was found.
import { Alert, Badge, List, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { words } from '../../words/words';
import { checkQuery, type Found } from './data';

const said = words.policies.check;
const LIST_MOST = 50;
const WAIT_MS = 350;

export interface Verdict {
  state: 'good' | 'bad' | 'checking' | 'away';
  found: Found[];
}

const NOTHING: Found[] = [];

/** Of the text as it is now; while it is being asked, what was found last. */
export function useVerdict(text: string): Verdict {
  const [settled] = useDebouncedValue(text, WAIT_MS);
  const query = useQuery({ ...checkQuery(settled), placeholderData: keepPreviousData });
  const isNew = settled !== text || query.isPlaceholderData || query.isPending;
  const found = isNew ? NOTHING : (query.data?.problems ?? NOTHING);
  if (query.error !== null && query.data === undefined) return { state: 'away', found };
  if (isNew) return { state: 'checking', found };
  return { state: query.data?.valid === true ? 'good' : 'bad', found };
}

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  const errors = verdict.found.filter((each) => !each.warning).length;
  const warnings = verdict.found.length - errors;
  const text =
    verdict.state === 'checking'
      ? said.checking
      : verdict.state === 'away'
        ? said.away
        : errors > 0
          ? said.errors(errors)
          : warnings > 0
            ? said.warnings(warnings)
            : said.good;
  const colour = errors > 0 ? 'red' : warnings > 0 || verdict.state === 'away' ? 'yellow' : 'gray';
  return (
    <Badge variant="light" tt="none" color={colour} role="status">
      {text}
    </Badge>
  );
}

export function FoundList({ found, go }: { found: Found[]; go: (found: Found) => void }) {
  if (found.length === 0) return null;
  const hasErrors = found.some((each) => !each.warning);
  return (
    <Alert color={hasErrors ? 'red' : 'yellow'} variant="light" title={said.title} mb="sm">
      <Stack gap={4}>
        <List size="sm">
          {found.slice(0, LIST_MOST).map((each, index) => (
            <List.Item key={index}>
              <UnstyledButton fz="sm" td="underline" onClick={() => go(each)}>
                {said.where(each.line, each.column)}
              </UnstyledButton>
              : <bdi>{each.detail.slice(0, 600)}</bdi>
            </List.Item>
          ))}
        </List>
        {found.length > LIST_MOST && <Text size="sm">{words.policies.summary.more(found.length - LIST_MOST)}</Text>}
      </Stack>
    </Alert>
  );
}
