// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { SegmentedControl } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { Only } from '../../parts/Only';
import { PageHead } from '../../parts/PageHead';
import type { Range } from '../../router';
import { words } from '../../words/words';
import { Lately } from './Lately';
import classes from './Overview.module.css';
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
      <div className={classes.columns}>
        <div className={`${classes.column} ${classes.first}`}>
          <Waits />
          <Troubles />
          <Only least="admin" silent>
            <div className={classes.last}>
              <Lately />
            </div>
          </Only>
        </div>
        <div className={classes.column}>
          <Traffic range={range} />
          <Risks />
          <div className={`${classes.columns} ${classes.pair}`}>
            <Top title={says.tools} by="tool" range={range} outcome="denied,hidden" none={says.noDenials} />
            <Top title={says.grants} by="grant" range={range} none={says.quiet} />
          </div>
        </div>
      </div>
    </>
  );
}
