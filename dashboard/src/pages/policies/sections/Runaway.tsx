// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The fuse: when a grant is paused until a person looks at it.
import { ActionIcon, Button, Group, Stack, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { NumberAt, TextAt } from '../fields/fields';
import { WindowAt } from '../fields/times';
import { drop, put, type Raw } from '../model/edit';
import { whole, type Check } from '../model/faults';
import { nodeAt, type Path, type Tree } from '../model/tree';

const said = words.policies.runaway;
const FUSE: Path = ['runaway'];
const IDENTICAL: Path = [...FUSE, 'identical_calls'];
const DENIALS: Path = [...FUSE, 'denials_in_a_row'];
const FIRST = { identical_calls: { max: 20, window: 'minute' } };
const count = whole(2, 1_000_000);

// A number of identical calls is one in some time.
const putMost = (tree: Tree, max: Raw): string =>
  nodeAt(tree, IDENTICAL) === undefined ? put(tree, IDENTICAL, { max, window: 'minute' }) : put(tree, [...IDENTICAL, 'max'], max);

function Fuse() {
  const { tree, edit, isReadOnly } = useEditing();
  const is = (path: Path) => nodeAt(tree, path) !== undefined;
  // One of the two must be there.
  const check: Check = (text) => (text === '' ? words.policies.faults.fuse : count(text));
  return (
    <>
      <Group gap="md" align="flex-start">
        <NumberAt
          path={[...IDENTICAL, 'max']}
          write={putMost}
          label={said.identical}
          description={said.hint}
          width={210}
          check={check}
          required={is(IDENTICAL) || !is(DENIALS)}
        />
        {is(IDENTICAL) && <WindowAt path={[...IDENTICAL, 'window']} label={said.window} width={160} />}
        {is(IDENTICAL) && is(DENIALS) && !isReadOnly && (
          <ActionIcon
            mt={28}
            variant="subtle"
            color="gray"
            aria-label={said.removeIdentical}
            onClick={() => edit((now) => drop(now, IDENTICAL))}
          >
            <IconTrash size={14} />
          </ActionIcon>
        )}
        <NumberAt path={DENIALS} label={said.denials} description={said.hint} width={210} check={check} required={!is(IDENTICAL)} />
      </Group>
      <TextAt path={[...FUSE, 'reason']} label={said.reason} width="100%" />
    </>
  );
}

export function Runaway() {
  const { tree, edit, isReadOnly } = useEditing();
  const is = nodeAt(tree, FUSE) !== undefined;
  return (
    <Stack gap="md" align="flex-start">
      <Text c="dimmed">{said.more}</Text>
      {is && <Fuse />}
      {!isReadOnly && (
        <Button variant="default" onClick={() => edit((now) => (is ? drop(now, FUSE) : put(now, FUSE, FIRST)))}>
          {is ? said.remove : said.make}
        </Button>
      )}
    </Stack>
  );
}
