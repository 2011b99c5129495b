// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import type { Range } from '../../router';

/** The times that can be shown, and how long each point of the chart is. */
export const RANGES: Record<Range, { seconds: number; interval: number }> = {
  hour: { seconds: 3600, interval: 60 },
  day: { seconds: 86_400, interval: 900 },
  week: { seconds: 604_800, interval: 7200 },
};
