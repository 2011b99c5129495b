// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What can be done with a row of a list: change it, take it out.
import { ActionIcon, Group, Table } from '@mantine/core';
import { IconPencil, IconTrash } from '@tabler/icons-react';

interface Action {
  label: string;
  act: () => void;
}

export function RowActions({ edit, remove }: { edit: Action; remove: Action }) {
  return (
    <Table.Td>
      <Group gap={4} wrap="nowrap">
        <ActionIcon variant="subtle" aria-label={edit.label} onClick={edit.act}>
          <IconPencil size={16} aria-hidden="true" />
        </ActionIcon>
        <ActionIcon variant="subtle" color="red" aria-label={remove.label} onClick={remove.act}>
          <IconTrash size={16} aria-hidden="true" />
        </ActionIcon>
      </Group>
    </Table.Td>
  );
}
