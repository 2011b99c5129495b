// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { useQuery } from '@tanstack/react-query';

import { summaryQuery, type SummaryBy } from '../../api/queries';
import { Name } from '../../parts/Plain';
import type { Range } from '../../router';
import { formatNumber } from '../../words/words';
import { Line, Panel } from './Panel';
import { RANGES } from './ranges';
import { largest } from './series';

const MOST = 6;

interface Props {
  title: string;
  by: SummaryBy;
  range: Range;
  outcome?: string;
  none: string;
}

/** What most rows of the log were about. */
export function Top({ title, by, range, outcome, none }: Props) {
  const { seconds } = RANGES[range];
  const query = useQuery(summaryQuery(by, seconds, seconds, { outcome }));
  const items = largest(query.data?.items ?? [], MOST);
  const search = (key: string) => new URLSearchParams({ [by]: JSON.stringify(key), ...(outcome && { outcome }) }).toString();
  return (
    <Panel title={title} asked={[query]} count={items.length} none={none}>
      {items.map((item) => (
        <Line key={item.key} to={`/decisions?${search(item.key)}`} aside={formatNumber(item.count)}>
          <Name text={item.key} />
        </Line>
      ))}
    </Panel>
  );
}
