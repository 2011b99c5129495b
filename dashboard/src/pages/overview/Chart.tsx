// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import 'uplot/dist/uPlot.min.css';

import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';

import { formatCompact, words } from '../../words/words';
import type { Series } from './series';

const HEIGHT = 200;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function optionsFor(width: number): UPlot.Options {
  const axis = { stroke: colour('soft'), grid: { stroke: colour('faint'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
  const line = (label: string, name: string, dash?: number[]): UPlot.Series => ({
    label,
    stroke: colour(name),
    width: 2,
    points: { show: false },
    ...(dash === undefined ? {} : { dash }),
  });
  return {
    width,
    height: HEIGHT,
    cursor: { y: false },
    legend: { live: true },
    axes: [axis, { ...axis, values: (_, splits) => splits.map(formatCompact), size: 44 }],
    scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
    series: [
      {},
      line(words.outcome.allowed, 'good'),
      line(words.overview.denials, 'critical', [6, 3]),
      line(words.overview.questions, 'medium', [10, 4]),
      line(words.outcome.failed, 'high', [2, 2]),
    ],
  };
}

/** Messages over time. Lines differ in dashes as well as in colour; the sums are said in words beside it. */
export function Chart({ series, label }: { series: Series; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const latest = useRef(series);
  const scheme = useComputedColorScheme();
  latest.current = series;
  // biome-ignore lint/correctness/useExhaustiveDependencies: colours are read from the page, which the scheme changes
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const made = new UPlot(optionsFor(place.clientWidth), dataOf(latest.current), place);
    const observer = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: HEIGHT }));
    observer.observe(place);
    plot.current = made;
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [scheme]);
  useEffect(() => plot.current?.setData(dataOf(series)), [series]);
  return <div ref={box} role="img" aria-label={label} />;
}

function dataOf(series: Series): UPlot.AlignedData {
  return [series.times, series.allowed, series.denied, series.asked, series.other];
}
