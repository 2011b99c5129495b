// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What differs between two documents: for those who call, and then line by line.
import { Alert, Group, Stack, Text } from '@mantine/core';
import { IconEyeSearch, IconLock, IconLockOpen, IconMessage, IconQuestionMark } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';

import { LineBox, LineNote, LineRow } from '../../../parts/Lines';
import { Name } from '../../../parts/Plain';
import { Loading, Trouble } from '../../../parts/states';
import { words } from '../../../words/words';
import { diffQuery, type Change, type Diff, type Side } from './data';
import classes from './Difference.module.css';
import { countsOf, piecesOf, type Line } from './hunks';

const said = words.policies.versions;
const CHANGES_MOST = 300;
const LINES_MOST = 1500;
const LINE_MOST = 2000;
const ICONS = { loosened: IconLockOpen, altered: IconQuestionMark, tightened: IconLock, observed: IconEyeSearch, wording: IconMessage };

function Gravity({ gravity, text }: { gravity: Change['gravity']; text: string }) {
  const Icon = ICONS[gravity];
  return (
    <Text size="sm" component="span" className={classes.gravity ?? ''} data-gravity={gravity}>
      <Icon size="1em" stroke={2.2} aria-hidden="true" />
      {text}
    </Text>
  );
}

/** What those who call will notice, the gravest first. */
export function Meaning({ meaning }: { meaning: Diff['meaning'] }) {
  if (meaning === null)
    return (
      <Alert color="yellow" variant="light">
        {said.noMeaning}
      </Alert>
    );
  if (meaning.changes.length === 0) return <Text size="sm">{said.sameMeaning}</Text>;
  return (
    <Stack gap={6}>
      <Group gap="md">
        {countsOf(meaning.changes).map(([gravity, count]) => (
          <Gravity key={gravity} gravity={gravity} text={said.counted[gravity](count)} />
        ))}
      </Group>
      <ul className={classes.changes} aria-label={said.meaning}>
        {meaning.changes.slice(0, CHANGES_MOST).map((change, index) => (
          <li key={index} className={classes.change}>
            <Gravity gravity={change.gravity} text={said.gravity[change.gravity]} />
            <Text size="sm" component="span">
              <Name text={change.text} most={600} />
            </Text>
          </li>
        ))}
      </ul>
      {(!meaning.complete || meaning.changes.length > CHANGES_MOST) && <Text size="sm">{said.moreChanges}</Text>}
    </Stack>
  );
}

/** The text, with what stayed the same counted. */
export function Lines({ lines }: { lines: Line[] }) {
  if (!lines.some((line) => line.change !== 'same')) return <Text size="sm">{said.sameText}</Text>;
  let left = LINES_MOST;
  return (
    <LineBox label={said.text}>
      {piecesOf(lines).map((piece, index) => {
        if (piece.kind === 'same') return left > 0 ? <LineNote key={index}>{said.sameLines(piece.count)}</LineNote> : null;
        const shown = piece.lines.slice(0, Math.max(0, left));
        left -= shown.length;
        return shown.map((line, number) => <LineRow key={`${index}-${number}`} line={line} most={LINE_MOST} />);
      })}
      {left <= 0 && <LineNote>{said.moreLines}</LineNote>}
    </LineBox>
  );
}

interface Props {
  id: string;
  from: Side;
  to: Side;
  /** Without the lines: what it means is enough. */
  short?: boolean;
}

export function Difference({ id, from, to, short = false }: Props) {
  const query = useQuery(diffQuery(id, from, to));
  if (query.isPending) return <Loading rows={4} />;
  if (query.error !== null) return <Trouble error={query.error} retry={() => void query.refetch()} />;
  return (
    <Stack gap="sm">
      <Meaning meaning={query.data.meaning} />
      {!short && (
        <>
          <Text size="sm" fw={600}>
            {said.text}
          </Text>
          <Lines lines={query.data.lines} />
        </>
      )}
    </Stack>
  );
}
