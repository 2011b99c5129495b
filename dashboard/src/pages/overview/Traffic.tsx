// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';

import { Problem } from '../../api/problem';
import { summaryQuery } from '../../api/queries';
import { latestQuestionsQuery } from '../../api/questions';
import { Loading, Trouble } from '../../parts/states';
import type { Range } from '../../router';
import { formatNumber, words } from '../../words/words';
import { freshCounts, useCounting } from './counting';
import { Quiet } from './Quiet';
import { RANGES } from './ranges';
import { seriesOf, total } from './series';
import classes from './Traffic.module.css';

const Chart = lazy(() => import('./Chart').then((module) => ({ default: module.Chart })));

// The sums are asked for anew, so that what is counted here does not drift from them.
const SUMS_MS = 60_000;

const hasNoLog = (failure: unknown): boolean => failure instanceof Problem && failure.kind === 'unavailable';

function Figure({ label, value, tone }: { label: string; value: number; tone?: string }) {
  const first = useRef(value);
  return (
    <Paper p="sm">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text
        key={value}
        fz="1.5rem"
        fw={650}
        data-changed={value !== first.current || undefined}
        className={classes.figure}
        {...(tone !== undefined && value > 0 ? { c: `var(--${tone})` } : {})}
      >
        {formatNumber(value)}
      </Text>
    </Paper>
  );
}

/** The gateway's sums, and what has come since. */
function useTraffic(range: Range) {
  const { seconds, interval } = RANGES[range];
  const [isOpen, setOpen] = useState(false);
  const sums = summaryQuery('outcome', seconds, interval);
  const query = useQuery({ ...sums, refetchInterval: isOpen ? SUMS_MS : sums.refetchInterval });
  const asked = useQuery(latestQuestionsQuery).data;
  const counted = query.data?.index.row ?? 0;
  const { rows, at } = useCounting(counted, !hasNoLog(query.failureReason), setOpen);
  const updated = Math.max(query.dataUpdatedAt || Date.now(), at);
  const series = useMemo(() => {
    const times = asked?.items.map((question) => question.created_at) ?? [];
    return seriesOf([...(query.data?.items ?? []), ...freshCounts(rows, counted)], times, seconds, interval, updated);
  }, [query.data, rows, counted, asked, updated, seconds, interval]);
  return { query, asked, series, since: updated - seconds * 1000 };
}

/** Messages and questions over time, as they come. */
export function Traffic({ range }: { range: Range }) {
  const { query, asked, series, since } = useTraffic(range);
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const says = words.overview;
  const denied = total(series.denied);
  const questions = total(series.asked);
  const all = total(series.allowed) + denied + total(series.other) + total(series.waiting);
  const oldest = asked?.items.at(-1);
  const isCut = asked?.next != null && oldest !== undefined && new Date(oldest.created_at).getTime() > since;
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
