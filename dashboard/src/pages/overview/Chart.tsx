// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import 'uplot/dist/uPlot.min.css';

import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';

import { formatBucket, formatCompact, formatNumber, formatTick, words } from '../../words/words';
import classes from './Chart.module.css';
import { total, type Series } from './series';

const HEIGHT = 200;
const STEPS = [1, 2, 5].flatMap((step) => Array.from({ length: 9 }, (_, power) => step * 10 ** power)).sort((a, b) => a - b);

// From the bottom up. Their colours differ in lightness as well, and their order is the legend's.
const PARTS = [
  { key: 'allowed', colour: 'bar-allowed', label: words.outcome.allowed },
  { key: 'waiting', colour: 'bar-waiting', label: words.outcome.pending },
  { key: 'denied', colour: 'bar-denied', label: words.overview.denials },
  { key: 'other', colour: 'bar-failed', label: words.overview.failures },
] as const;

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const intervalOf = ({ times }: Series): number => (times[1] ?? 1) - (times[0] ?? 0);

/** Each part on top of those below it, the highest first, so that the lower ones are drawn over it. */
function dataOf(series: Series): UPlot.AlignedData {
  let below = series.times.map(() => 0);
  const tops = PARTS.map(({ key }) => {
    below = below.map((sum, index) => sum + (series[key][index] ?? 0));
    return below;
  });
  const half = intervalOf(series) / 2;
  return [series.times.map((time) => time + half), ...tops.reverse()];
}

function optionsFor(width: number, interval: number, hover: (index: number | undefined) => void): UPlot.Options {
  const axis = { stroke: colour('soft'), grid: { stroke: colour('faint'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  const paths = UPlot.paths.bars?.({ size: [0.8, 32] });
  return {
    width,
    height: HEIGHT,
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    legend: { show: false },
    hooks: { setCursor: [(plot) => hover(plot.cursor.idx ?? undefined)] },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        values: (_, splits, __, ___, step) => splits.map((at) => formatTick(new Date(at * 1000), step)),
      },
      { ...axis, incrs: STEPS, values: (_, splits) => splits.map(formatCompact), size: 40 },
    ],
    scales: {
      x: { range: (_, first, last) => [first - interval / 2, last + interval / 2] },
      y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] },
    },
    series: [
      {},
      ...PARTS.toReversed().map((part) => ({
        fill: colour(part.colour),
        stroke: colour('card'), // a gap between the parts
        width: 1,
        points: { show: false },
        ...(paths === undefined ? {} : { paths }),
      })),
    ],
  };
}

/** What the colours say, with the sums of all that is shown, or of the bar under the pointer. */
function Legend({ series, index }: { series: Series; index: number | undefined }) {
  const start = index === undefined ? undefined : series.times[index];
  const says = start === undefined ? words.overview.sums : formatBucket(new Date(start * 1000), intervalOf(series));
  return (
    <Group gap="md" mb={4} className={classes.legend}>
      {PARTS.map(({ key, colour: name, label }) => (
        <Text key={key} size="sm" component="span" className={classes.entry}>
          <span className={classes.swatch} data-part={name} aria-hidden="true" />
          {label}
          <Text span inherit fw={600}>
            {formatNumber(start === undefined ? total(series[key]) : (series[key][index ?? 0] ?? 0))}
          </Text>
        </Text>
      ))}
      <Text size="sm" c="dimmed" component="span" className={classes.when}>
        {says}
      </Text>
    </Group>
  );
}

/** Messages over time, stacked by what became of them; the sums are said in words beside it. */
export function Chart({ series, label }: { series: Series; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const latest = useRef(series);
  const [index, setIndex] = useState<number>();
  const scheme = useComputedColorScheme();
  const interval = intervalOf(series);
  latest.current = series;
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the page, which the scheme changes
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const made = new UPlot(optionsFor(place.clientWidth, interval, setIndex), dataOf(latest.current), place);
    const observer = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    observer.observe(place);
    plot.current = made;
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
      setIndex(undefined);
    };
  }, [scheme, interval]);
  useEffect(() => plot.current?.setData(dataOf(series)), [series]);
  return (
    <>
      <Legend series={series} index={index} />
      <div ref={box} role="img" aria-label={label} />
    </>
  );
}
