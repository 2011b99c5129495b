// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The single values of a document, line by line, with what differs from another one.
import { Alert, Button, Table, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMemo, useState } from 'react';

import { formatNumber, words } from '../words/words';
import { leavesOf, written, type JsonNode } from './json';
import { Name, Plain } from './Plain';
import { mixedWords } from './unseen';
import classes from './Values.module.css';

const LEAVES_AT_FIRST = 200;

export interface Difference {
  path: string;
  before: JsonNode | undefined; // there was none
  now: JsonNode | undefined; // there is none any more
  bytesBefore: string | undefined; // it was too long to be told
}

function Value({ node }: { node: JsonNode }) {
  if (node.kind !== 'string') return <Name text={written(node)} />;
  if (node.value === '') return <span>{words.values.empty}</span>;
  return <Plain text={node.value} />;
}

function Before({ difference }: { difference: Difference }) {
  const { before, bytesBefore } = difference;
  return (
    <span className={classes.before}>
      {before === undefined ? (
        words.values.added
      ) : (
        <>
          {words.values.before} {bytesBefore === undefined ? <Value node={before} /> : words.values.long(bytesBefore)}
        </>
      )}
    </span>
  );
}

function Mixed({ node }: { node: JsonNode }) {
  const mixed = node.kind === 'string' ? mixedWords(node.value) : [];
  if (mixed.length === 0) return null;
  return (
    <Alert color="yellow" variant="light" mt={4} py={4} icon={<IconAlertTriangle aria-hidden="true" />}>
      {words.values.mixed} <Name text={mixed.slice(0, 3).join(', ')} />
    </Alert>
  );
}

interface Props {
  label: string;
  root: JsonNode;
  path?: string;
  differences?: Difference[];
}

/** Where differences are given, what differs is marked, with what it was. */
export function Values({ label, root, path = 'args', differences = [] }: Props) {
  const [most, setMost] = useState(LEAVES_AT_FIRST);
  const leaves = useMemo(() => leavesOf(root, path), [root, path]);
  const known = new Map(differences.map((difference) => [difference.path, difference]));
  const paths = new Set(leaves.map((leaf) => leaf.path));
  const gone = differences.filter((difference) => !paths.has(difference.path));
  if (root.kind === 'object' && root.members.length === 0 && gone.length === 0) return <Text c="dimmed">{words.values.none}</Text>;
  return (
    <>
      <Table aria-label={label} className={classes.table} highlightOnHover={false} layout="auto">
        <Table.Tbody>
          {leaves.slice(0, most).map((leaf, index) => {
            const difference = known.get(leaf.path);
            return (
              <Table.Tr key={index} data-change={difference === undefined ? undefined : ''}>
                <Table.Th scope="row">
                  <Name text={leaf.path} />
                </Table.Th>
                <Table.Td className={classes.value}>
                  <Value node={leaf.node} />
                  <Mixed node={leaf.node} />
                  {difference !== undefined && <Before difference={difference} />}
                </Table.Td>
              </Table.Tr>
            );
          })}
          {gone.map((difference) => (
            <Table.Tr key={difference.path} data-change="">
              <Table.Th scope="row">
                <Name text={difference.path} />
              </Table.Th>
              <Table.Td className={classes.value}>
                {difference.now === undefined ? words.values.gone : words.values.other}
                <Before difference={difference} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {leaves.length > most && (
        <Button variant="default" size="xs" mt="xs" onClick={() => setMost(most + 1000)}>
          {words.values.more(formatNumber(leaves.length - most))}
        </Button>
      )}
    </>
  );
}
