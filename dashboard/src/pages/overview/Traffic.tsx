// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';

import { summaryQuery } from '../../api/queries';
import { latestQuestionsQuery } from '../../api/questions';
import { Loading, Trouble } from '../../parts/states';
import type { Range } from '../../router';
import { formatNumber, words } from '../../words/words';
import { Quiet } from './Quiet';
import { RANGES } from './ranges';
import { seriesOf, total } from './series';

const Chart = lazy(() => import('./Chart').then((module) => ({ default: module.Chart })));

function Figure({ label, value, tone }: { label: string; value: number; tone?: string }) {
  return (
    <Paper p="sm">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz="1.5rem" fw={650} {...(tone !== undefined && value > 0 ? { c: `var(--${tone})` } : {})}>
        {formatNumber(value)}
      </Text>
    </Paper>
  );
}

/** Messages and questions over time, kept up to date. */
export function Traffic({ range }: { range: Range }) {
  const { seconds, interval } = RANGES[range];
  const query = useQuery(summaryQuery('outcome', seconds, interval));
  const asked = useQuery(latestQuestionsQuery).data;
  const updated = query.dataUpdatedAt || Date.now();
  const series = useMemo(() => {
    const times = asked?.items.map((question) => question.created_at) ?? [];
    return seriesOf(query.data?.items ?? [], times, seconds, interval, updated);
  }, [query.data, asked, updated, seconds, interval]);
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const says = words.overview;
  const denied = total(series.denied);
  const questions = total(series.asked);
  const all = total(series.allowed) + denied + total(series.other) + total(series.waiting);
  const oldest = asked?.items.at(-1);
  const isCut = asked?.next != null && oldest !== undefined && new Date(oldest.created_at).getTime() > updated - seconds * 1000;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 2, xs: 4 }} spacing="sm">
        <Figure label={says.calls} value={all} />
        <Figure label={says.denials} value={denied} tone="critical" />
        <Figure label={says.questions} value={questions} tone="medium" />
        <Figure label={says.failures} value={total(series.other)} tone="high" />
      </SimpleGrid>
      {!query.data.complete && (
        <Alert color="yellow" variant="light">
          {says.incomplete}
        </Alert>
      )}
      {isCut && (
        <Alert color="yellow" variant="light">
          {says.questionsCut(formatNumber(asked.items.length))}
        </Alert>
      )}
      <Paper p="sm">
        {all + questions === 0 ? (
          <Quiet />
        ) : (
          <Suspense fallback={<Loading />}>
            <Chart series={series} label={says.chart(formatNumber(all), formatNumber(denied), formatNumber(questions))} />
          </Suspense>
        )}
      </Paper>
    </Stack>
  );
}
