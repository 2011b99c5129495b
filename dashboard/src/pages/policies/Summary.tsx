// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The policy in plain words, as the gateway says it, a little behind the text.
import { List, Paper, Text, Title, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { Name } from '../../parts/Plain';
import { Loading } from '../../parts/states';
import { words } from '../../words/words';
import { summaryQuery, type Sentence } from './data';
import { useEditing } from './draft';
import { placeOf } from './model/places';
import { useOpen } from './place';
import classes from './place.module.css';

const said = words.policies.summary;
const LINES_MOST = 150;
const WAIT_MS = 350;
const BELOW = new Set(['require', 'deny_if', 'approve_if', 'limit', 'approval', 'results']);

interface Item {
  head: Sentence;
  below: Sentence[];
}

// What is said of an entry stands below it.
function grouped(sentences: Sentence[]): Item[] {
  const items: Item[] = [];
  for (const sentence of sentences) {
    const last = items.at(-1);
    if (BELOW.has(sentence.part) && last !== undefined) last.below.push(sentence);
    else items.push({ head: sentence, below: [] });
  }
  return items;
}

// A sentence leads to the part that it speaks of, where that stands in the text.
function Line({ sentence }: { sentence: Sentence }) {
  const { tree } = useEditing();
  const open = useOpen();
  const text = (
    <>
      <Name text={sentence.text} most={500} />
      {sentence.observes && said.observed}
    </>
  );
  if (placeOf(tree, sentence.rule) === undefined) return text;
  return (
    <UnstyledButton className={`${classes.link} ${classes.sentence}`} onClick={() => open(sentence.rule)}>
      {text}
    </UnstyledButton>
  );
}

export function Summary() {
  const { tree } = useEditing();
  const [text] = useDebouncedValue(tree.text, WAIT_MS);
  const query = useQuery({ ...summaryQuery(text), placeholderData: keepPreviousData });
  const items = grouped(query.data?.sentences ?? []);
  return (
    <Paper p="sm" component="section" aria-label={said.title}>
      <Title order={2} mb="xs">
        {said.title}
      </Title>
      {query.isPending && query.error === null && <Loading rows={3} />}
      <List size="sm" spacing={4} withPadding={false}>
        {items.slice(0, LINES_MOST).map(({ head, below }, index) => (
          <List.Item key={index}>
            <Line sentence={head} />
            {below.length > 0 && (
              <List size="sm" withPadding>
                {below.map((each, number) => (
                  <List.Item key={number}>
                    <Line sentence={each} />
                  </List.Item>
                ))}
              </List>
            )}
          </List.Item>
        ))}
      </List>
      {items.length > LINES_MOST && (
        <Text size="xs" c="dimmed">
          {said.more(items.length - LINES_MOST)}
        </Text>
      )}
    </Paper>
  );
}
