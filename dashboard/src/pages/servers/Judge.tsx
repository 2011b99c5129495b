// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import type { Schemas } from '../../api/client';
import { setOverride, type KnownTool } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { Trouble } from '../../parts/states';
import { words } from '../../words/words';

type Said = Schemas['OverrideNew']['category'];
const CATEGORIES: Said[] = ['Read', 'Write', 'Execute', 'Destructive', 'Financial'];

/** A person knows better what a tool does. */
export function Judge({ id, tool, close }: { id: string; tool: KnownTool; close: () => void }) {
  const [category, setCategory] = useState<Said>(tool.category === 'Unknown' ? 'Read' : tool.category);
  const [note, setNote] = useState('');
  const save = useMutation({
    mutationFn: () => setOverride(id, tool, category, note),
    onSuccess: () => {
      notifications.show({ message: words.servers.tools.judged });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title={words.servers.tools.judgeTitle}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          <Text ff="monospace" size="sm">
            <Name text={tool.name} />
          </Text>
          <Text size="sm" c="dimmed">
            {words.servers.tools.judgeMore}
          </Text>
          <Select
            label={words.servers.tools.categories}
            data={CATEGORIES.map((value) => ({ value, label: words.category[value] }))}
            value={category}
            allowDeselect={false}
            data-autofocus
            onChange={(value) => setCategory((value ?? category) as Said)}
          />
          <TextInput
            label={words.servers.tools.note}
            value={note}
            maxLength={500}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {save.error !== null && <Trouble error={save.error} />}
          <Group justify="flex-end">
            <Button type="submit" loading={save.isPending}>
              {words.servers.tools.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
