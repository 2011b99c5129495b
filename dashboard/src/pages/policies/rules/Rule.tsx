// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A rule, whole: of a tool, a resource, a prompt, or of every tool (which has no action of its own).
import { Divider, Group, Stack, Title } from '@mantine/core';

import { words } from '../../../words/words';
import { NumberAt, PickAt, TextAt } from '../fields/fields';
import type { Path } from '../model/tree';
import { usePlace } from '../place';
import { Limits } from './Limits';
import { modeChoices, Predicates } from './Predicates';
import { Results } from './Results';

const said = words.policies.rule;

function Approval({ path, keep }: { path: Path; keep: number }) {
  const place = usePlace<HTMLDivElement>(path);
  return (
    <Stack {...place} gap="xs" role="group" aria-label={said.approval}>
      <Title order={3}>{said.approval}</Title>
      <Group gap="xs" align="flex-start">
        <TextAt path={[...path, 'wait']} keep={keep} label={said.wait} description={said.waitHint} placeholder="50s" width={200} />
        <TextAt path={[...path, 'expires']} keep={keep} label={said.expires} description={said.expiresHint} placeholder="30m" width={200} />
        <NumberAt path={[...path, 'approvers']} keep={keep} label={said.approvers} description=" " placeholder="1" width={180} whole />
      </Group>
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
      <Approval path={[...path, 'approval']} keep={keep} />
      <Divider />
      <Results path={[...path, 'results']} title={said.results} more={said.resultsHint} keep={keep} />
    </Stack>
  );
}
