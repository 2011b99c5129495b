// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A rule, whole: of a tool, a resource, a prompt, or of every tool (which has no action of its own).
import { Button, Divider, Group, Stack, Text, Title } from '@mantine/core';

import { words } from '../../../words/words';
import { useEditing } from '../draft';
import { NumberAt, PickAt, TextAt } from '../fields/fields';
import { useFold } from '../fields/Fold';
import { DurationAt } from '../fields/times';
import { whole } from '../model/faults';
import { itemsAt, nodeAt, stringAt, type Path } from '../model/tree';
import { usePlace } from '../place';
import { Limits } from './Limits';
import { modeChoices, Predicates } from './Predicates';
import { Results } from './Results';

const said = words.policies.rule;

const approvers = whole(1, 100);

// Of use where the rule asks somebody.
function Approval({ rule, keep }: { rule: Path; keep: number }) {
  const { tree, isReadOnly } = useEditing();
  const path = [...rule, 'approval'];
  const place = usePlace<HTMLDivElement>(path);
  const isAsked = stringAt(tree, [...rule, 'action']) === 'require_approval' || itemsAt(tree, [...rule, 'approve_if']).length > 0;
  const [isOpen, toggle] = useFold(nodeAt(tree, path) !== undefined);
  const isShown = isAsked || isOpen;
  return (
    <Stack {...place} gap="xs" role="group" aria-label={said.approval}>
      <Group justify="space-between" gap="xs">
        <Title order={3}>{said.approval}</Title>
        {!isShown && !isReadOnly && (
          <Button variant="default" size="compact-sm" onClick={toggle}>
            {said.ask}
          </Button>
        )}
      </Group>
      {!isAsked && (
        <Text size="xs" c="dimmed">
          {said.notAsked}
        </Text>
      )}
      {isShown && (
        <Group gap="xs" align="flex-start">
          <DurationAt path={[...path, 'wait']} keep={keep} label={said.wait} description={said.waitHint} placeholder="50s" width={200} />
          <DurationAt
            path={[...path, 'expires']}
            keep={keep}
            label={said.expires}
            description={said.expiresHint}
            placeholder="30m"
            width={200}
          />
          <NumberAt
            path={[...path, 'approvers']}
            keep={keep}
            label={said.approvers}
            description={said.approversHint}
            placeholder="1"
            width={220}
            check={approvers}
          />
        </Group>
      )}
    </Stack>
  );
}

/** `keep`: how much of the path stays when it becomes empty. */
export function Rule({ path, keep, hasAction = true }: { path: Path; keep: number; hasAction?: boolean }) {
  const actions = Object.entries(said.actions).map(([value, label]) => ({ value, label }));
  const lists = [
    { name: 'require', title: said.require, hint: said.requireHint },
    { name: 'deny_if', title: said.deny_if, hint: said.denyIfHint },
    { name: 'approve_if', title: said.approve_if, hint: said.approveIfHint },
  ] as const;
  const place = usePlace<HTMLDivElement>(path);
  return (
    <Stack {...place} gap="md">
      <Group gap="xs" align="flex-start">
        {hasAction && <PickAt path={[...path, 'action']} keep={keep} label={said.action} choices={actions} usual="allow" width={180} />}
        <PickAt path={[...path, 'mode']} keep={keep} label={said.mode} choices={modeChoices()} usual="enforce" width={280} />
      </Group>
      <TextAt path={[...path, 'reason']} keep={keep} label={said.reason} description={said.reasonHint} lines />
      {lists.map(({ name, title, hint }) => (
        <Predicates
          key={name}
          path={[...path, name]}
          title={title}
          hint={hint}
          add={said.addPredicate[name]}
          isRequire={name === 'require'}
          keep={keep}
        />
      ))}
      <Limits rule={path} keep={keep} />
      <Divider />
      <Approval rule={path} keep={keep} />
      <Divider />
      <Results path={[...path, 'results']} title={said.results} more={said.resultsHint} keep={keep} />
    </Stack>
  );
}
