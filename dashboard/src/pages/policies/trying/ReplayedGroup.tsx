// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Calls of a replay that have everything in common: what, how often, by which rule then and now, and some of them.
import { Anchor, Collapse, Group as Row, List, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Name } from '../../../parts/Plain';
import { When } from '../../../parts/When';
import { formatNumber, serverName, words } from '../../../words/words';
import placeClasses from '../place.module.css';
import { exampleQuery, type Group } from './queries';
import { Mark } from './Mark';
import { missingOf } from './play';
import { RuleLink } from './RuleLink';
import classes from './trying.module.css';

const said = words.policies.replay;

function Example({ example }: { example: Group['examples'][number] }) {
  const query = useQuery(exampleQuery(example));
  const label = (
    <>
      <When at={example.time} clock /> <Name text={said.example(example.grant ?? said.nobody)} />
    </>
  );
  if (query.data == null)
    return (
      <span>
        {label} {query.isSuccess && <span className={classes.soft}>({said.noExample})</span>}
      </span>
    );
  return (
    <Anchor size="sm" component={Link} to={`/decisions/${query.data}` as never}>
      {label}
    </Anchor>
  );
}

function Examples({ group }: { group: Group }) {
  const [isOpen, { toggle }] = useDisclosure(false);
  return (
    <>
      <Row gap="md">
        <UnstyledButton fz="sm" td="underline" className={placeClasses.link ?? ''} aria-expanded={isOpen} onClick={toggle}>
          {said.examples}
        </UnstyledButton>
        {group.from_rule !== null && group.subject !== null && (
          <Anchor size="sm" component={Link} to="/decisions" search={{ tool: group.subject, rule: group.from_rule } as never}>
            {said.allSuch}
          </Anchor>
        )}
      </Row>
      <Collapse expanded={isOpen}>
        {isOpen && (
          <List size="sm">
            {group.examples.map((example) => (
              <List.Item key={example.id + example.time}>
                <Example example={example} />
              </List.Item>
            ))}
          </List>
        )}
      </Collapse>
    </>
  );
}

function What({ group }: { group: Group }) {
  return (
    <Text size="sm">
      <b>{said.calls(group.calls, formatNumber(group.calls))}</b>{' '}
      <span className={classes.mono}>
        <Name text={group.subject ?? group.method ?? ''} />
      </span>
      {group.server !== null && (
        <>
          {' '}
          {said.at} <Name text={serverName(group.server)} />
        </>
      )}
      <span className={classes.soft}>, {said.grants(group.grants, formatNumber(group.grants))}</span>
    </Text>
  );
}

export function ChangedGroup({ group }: { group: Group }) {
  return (
    <Stack gap={2}>
      <What group={group} />
      <Text size="sm">
        {said.were[group.from]}
        {group.from_rule !== null && (
          <>
            {' '}
            {said.by}{' '}
            <span className={classes.mono}>
              <Name text={group.from_rule} most={200} />
            </span>
          </>
        )}
        ; {said.now} <Mark become={group.to ?? 'allowed'} />
        {group.to_rule != null && (
          <>
            {' '}
            {said.by} {group.limit && `${said.byLimit}, `}
            <RuleLink rule={group.to_rule} />
          </>
        )}
      </Text>
      {group.withheld && <Text size="sm">{said.withheld}</Text>}
      <Examples group={group} />
    </Stack>
  );
}

export function UnsureGroup({ group }: { group: Group }) {
  return (
    <Stack gap={2}>
      <What group={group} />
      <Text size="sm">
        <Name text={missingOf(group)} most={200} />
        {group.asked_by != null && (
          <>
            ; {said.askedBy} <RuleLink rule={group.asked_by} />
          </>
        )}
      </Text>
      <Examples group={group} />
    </Stack>
  );
}
