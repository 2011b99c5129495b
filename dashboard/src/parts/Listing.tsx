// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A table that fits a phone: beyond its width it scrolls by itself, and the page does not.
import { Paper, Table, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';

import { words } from '../words/words';

interface Props {
  label: string;
  heads: ReactNode[];
  minWidth?: number;
  children: ReactNode;
}

export function Listing({ label, heads, minWidth = 640, children }: Props) {
  return (
    <Paper>
      <Table.ScrollContainer pos="relative" minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label}>
        <Table aria-label={label}>
          <Table.Thead>
            <Table.Tr>
              {heads.map((head, index) => (
                <Table.Th key={index} scope="col">
                  {head === '' ? <VisuallyHidden>{words.listing.actions}</VisuallyHidden> : head}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>{children}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
