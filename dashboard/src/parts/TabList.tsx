// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Tabs, type TabsListProps } from '@mantine/core';
import { useEffect, useRef } from 'react';

function centre(list: HTMLElement): void {
  const tab = list.querySelector('[role="tab"][aria-selected="true"]');
  if (tab === null) return;
  const [inner, outer] = [tab.getBoundingClientRect(), list.getBoundingClientRect()];
  list.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

/** Tabs of which the one that is shown (`value`) is in sight, also where there is no room for all. */
export function TabList({ value, ...more }: TabsListProps & { value: string }) {
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it looks at the page, which the value changes
  useEffect(() => {
    const element = list.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => centre(element));
    observer.observe(element); // calls at once, too
    return () => observer.disconnect();
  }, [value]);
  return <Tabs.List ref={list} {...more} />;
}
