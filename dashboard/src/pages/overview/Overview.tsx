// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Grid, SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import type { Range } from '../../router';
import { words } from '../../words/words';
import { Lately } from './Lately';
import { Risks } from './Risks';
import { Top } from './Top';
import { Traffic } from './Traffic';
import { Troubles } from './Troubles';
import { Waits } from './Waits';

const says = words.overview;

function Span({ range }: { range: Range }) {
  const navigate = useNavigate({ from: '/' });
  const data = (['hour', 'day', 'week'] as const).map((value) => ({ value, label: says.ranges[value] }));
  return (
    <SegmentedControl
      size="xs"
      data={data}
      value={range}
      aria-label={says.range}
      onChange={(value) => void navigate({ search: { range: value as Range }, replace: true })}
    />
  );
}

export function Overview() {
  const { range = 'day' } = useSearch({ from: '/' });
  return (
    <>
      <PageHead title={says.title}>
        <Span range={range} />
      </PageHead>
      <Stack gap="sm">
        <Grid gap="sm">
          <Grid.Col span={{ base: 12, lg: 4 }} order={{ base: 1, lg: 2 }}>
            <Stack gap="sm">
              <Waits />
              <Troubles />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 8 }} order={{ base: 2, lg: 1 }}>
            <Traffic range={range} />
          </Grid.Col>
        </Grid>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
          <Risks />
          <Only least="admin" silent>
            <Lately />
          </Only>
          <Top title={says.tools} by="tool" range={range} outcome="denied,hidden" none={says.noDenials} />
          <Top title={says.grants} by="grant" range={range} none={says.quiet} />
        </SimpleGrid>
      </Stack>
    </>
  );
}
