// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Alert, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';

import { summaryQuery, type SummaryBy } from '../../api/queries';
import { PageHead } from '../../parts/PageHead';
import { Loading, Nothing, Trouble } from '../../parts/states';
import type { Range } from '../../router';
import { formatNumber, words } from '../../words/words';
import { largest, seriesOf, total } from './series';

const Chart = lazy(() => import('./Chart').then((module) => ({ default: module.Chart })));

const RANGES: Record<Range, { seconds: number; interval: number }> = {
  hour: { seconds: 3600, interval: 60 },
  day: { seconds: 86_400, interval: 900 },
  week: { seconds: 604_800, interval: 7200 },
};

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

interface TopProps {
  title: string;
  by: SummaryBy;
  range: Range;
  outcome?: string;
  none: string;
}

function Top({ title, by, range, outcome, none }: TopProps) {
  const { seconds } = RANGES[range];
  const query = useQuery(summaryQuery(by, seconds, seconds, { outcome }));
  const items = largest(query.data?.items ?? [], 6);
  return (
    <Paper p="sm">
      <Title order={2} mb="xs">
        {title}
      </Title>
      {query.isPending && <Loading rows={3} />}
      {query.data === undefined && query.error !== null && <Trouble error={query.error} retry={() => void query.refetch()} />}
      {query.data !== undefined && items.length === 0 && (
        <Text c="dimmed" size="sm">
          {none}
        </Text>
      )}
      <Stack gap={4}>
        {items.map((item) => (
          <Group key={item.key} justify="space-between" wrap="nowrap">
            <Text
              component={Link}
              to={'/decisions'}
              search={{ [by]: item.key, outcome } as never}
              truncate
              size="sm"
              ff={by === 'tool' ? 'monospace' : undefined}
            >
              <bdi>{item.key}</bdi>
            </Text>
            <Text size="sm" fw={600}>
              {formatNumber(item.count)}
            </Text>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}

function Traffic({ range }: { range: Range }) {
  const { seconds, interval } = RANGES[range];
  const query = useQuery(summaryQuery('outcome', seconds, interval));
  const series = useMemo(
    () => seriesOf(query.data?.items ?? [], seconds, interval, query.dataUpdatedAt || Date.now()),
    [query.data, query.dataUpdatedAt, seconds, interval],
  );
  if (query.isPending) return <Loading />;
  if (query.data === undefined) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  const denied = total(series.denied);
  const all = total(series.allowed) + denied + total(series.other);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 3 }} spacing="sm">
        <Figure label={words.overview.calls} value={all} />
        <Figure label={words.overview.denials} value={denied} tone="critical" />
        <Figure label={words.overview.failures} value={total(series.other)} tone="high" />
      </SimpleGrid>
      {!query.data.complete && (
        <Alert color="yellow" variant="light">
          {words.overview.incomplete}
        </Alert>
      )}
      <Paper p="sm">
        {all === 0 ? (
          <Nothing title={words.overview.quiet} more={words.overview.quietMore} />
        ) : (
          <Suspense fallback={<Loading />}>
            <Chart series={series} label={words.overview.chart(formatNumber(all), formatNumber(denied))} />
          </Suspense>
        )}
      </Paper>
    </Stack>
  );
}

export function Overview() {
  const { range = 'day' } = useSearch({ from: '/' });
  const navigate = useNavigate({ from: '/' });
  const data = (['hour', 'day', 'week'] as const).map((value) => ({ value, label: words.overview.ranges[value] }));
  return (
    <>
      <PageHead title={words.overview.title}>
        <SegmentedControl
          size="xs"
          data={data}
          value={range}
          aria-label={words.overview.range}
          onChange={(value) => void navigate({ search: { range: value as Range }, replace: true })}
        />
      </PageHead>
      <Stack>
        <Traffic range={range} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
          <Top title={words.overview.tools} by="tool" range={range} outcome="denied,hidden" none={words.overview.noDenials} />
          <Top title={words.overview.grants} by="grant" range={range} none={words.overview.quiet} />
        </SimpleGrid>
      </Stack>
    </>
  );
}
