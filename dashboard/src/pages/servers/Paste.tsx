// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Registering servers from whatever text somebody has of them.
import { Alert, Button, Checkbox, Code, Group, Paper, PasswordInput, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';

import { Problem } from '../../api/problem';
import { serversQuery } from '../../api/queries';
import { addServer, organisationQuery, removeServer, setCredential, type Draft, type Secret, type Server } from '../../api/servers';
import { Name } from '../../parts/Plain';
import { visible } from '../../parts/unseen';
import { formatNumber, words } from '../../words/words';
import { readPasted, type Pasted } from './pasted';
import { commandLine } from './places';

interface Edited {
  name?: string;
  values?: Record<number, string>;
  isLeft?: boolean;
}

function SecretField({ secret, value, change }: { secret: Secret; value: string; change: (value: string) => void }) {
  return (
    <PasswordInput
      label={words.paste.secret(words.paste[secret.place], secret.name.slice(0, 100))}
      value={value}
      autoComplete="off"
      {...(secret.value === '' ? { description: words.paste.secretMissing } : {})}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

interface DraftProps {
  draft: Draft;
  edited: Edited;
  isOne: boolean;
  fault: string | undefined;
  change: (edited: Edited) => void;
}

function DraftCard({ draft, edited, isOne, fault, change }: DraftProps) {
  const where = draft.transport === 'stdio' ? commandLine(draft.command) : draft.url;
  return (
    <Paper p="sm">
      <Stack gap="xs">
        <Group gap="sm" wrap="nowrap">
          {!isOne && (
            <Checkbox
              aria-label={words.paste.take(draft.name)}
              checked={edited.isLeft !== true}
              onChange={(event) => change({ ...edited, isLeft: !event.currentTarget.checked })}
            />
          )}
          <Text size="sm" c="dimmed">
            {words.servers.form.transports[draft.transport]}
          </Text>
          <Code flex={1} miw={0}>
            <Name text={where} />
          </Code>
        </Group>
        <TextInput
          label={words.paste.name}
          value={edited.name ?? draft.name}
          maxLength={64}
          error={fault}
          onChange={(event) => change({ ...edited, name: event.currentTarget.value })}
        />
        {draft.secrets.map((secret, index) => (
          <SecretField
            key={`${secret.place} ${secret.name}`}
            secret={secret}
            value={edited.values?.[index] ?? secret.value}
            change={(value) => change({ ...edited, values: { ...edited.values, [index]: value } })}
          />
        ))}
      </Stack>
    </Paper>
  );
}

async function register(draft: Draft, edited: Edited): Promise<Server> {
  const server = await addServer({ ...draft, name: edited.name ?? draft.name });
  try {
    for (const [index, secret] of draft.secrets.entries()) {
      const value = edited.values?.[index] ?? secret.value;
      if (value !== '') await setCredential(server.id, { ...secret, value });
    }
  } catch (error) {
    await removeServer(server).catch(() => undefined); // half a server helps nobody
    throw error;
  }
  return server;
}

interface Failure {
  draft: Draft;
  text: string;
}

const sentence = (error: unknown): string => (error instanceof Problem && error.message !== '' ? error.message : words.trouble.unreachable);

function faultOf(read: Pasted): string | undefined {
  if (read.kind !== 'wrong') return undefined;
  if (read.why !== 'toml') return words.paste.wrong[read.why];
  return words.paste.wrongToml(formatNumber(read.line), visible(read.text, 80));
}

export function Paste({ done }: { done: (servers: Server[]) => void }) {
  const names = useQuery(serversQuery).data?.items.map((server) => server.name);
  const allowed = useQuery(organisationQuery).data?.commands_allowed;
  const [text, setText] = useState('');
  const [edits, setEdits] = useState<Record<number, Edited>>({});
  const [failures, setFailures] = useState<Failure[]>([]);
  const [isBusy, setBusy] = useState(false);
  // Names are looked at once for each text: what is registered meanwhile must not rename the rest.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const read = useMemo(() => readPasted(text, names ?? []), [text]);
  const drafts = read.kind === 'servers' ? read.drafts : [];
  const isTaken = (index: number): boolean => edits[index]?.isLeft !== true;
  const count = drafts.filter((_, index) => isTaken(index)).length;
  const isProgram = drafts.some((draft, index) => draft.transport === 'stdio' && isTaken(index));

  const go = async () => {
    setBusy(true);
    const made: Server[] = [];
    const failed: Failure[] = [];
    for (const [index, draft] of drafts.entries()) {
      if (!isTaken(index)) continue;
      try {
        made.push(await register(draft, edits[index] ?? {}));
      } catch (error) {
        failed.push({ draft, text: sentence(error) });
      }
    }
    setFailures(failed);
    setBusy(false);
    if (failed.length === 0 && made.length > 0) done(made);
    else if (made.length > 0)
      setEdits(Object.fromEntries(drafts.map((draft, i) => [i, { ...edits[i], isLeft: !failed.some((f) => f.draft === draft) }])));
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (count > 0 && !isBusy) void go();
      }}
    >
      <Stack gap="sm">
        <Textarea
          label={words.paste.label}
          description={words.paste.hint}
          value={text}
          autosize
          minRows={2}
          maxRows={12}
          spellCheck={false}
          autoComplete="off"
          data-autofocus
          error={faultOf(read)}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setEdits({});
            setFailures([]);
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || text.includes('\n') || read.kind !== 'servers') return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
        {drafts.map((draft, index) => (
          <DraftCard
            key={draft.name}
            draft={draft}
            edited={edits[index] ?? {}}
            isOne={drafts.length === 1}
            fault={names?.includes(edits[index]?.name ?? draft.name) === true && isTaken(index) ? words.paste.exists : undefined}
            change={(edited) => setEdits({ ...edits, [index]: edited })}
          />
        ))}
        {read.kind === 'servers' && read.left.length > 0 && (
          <Text size="sm" c="dimmed">
            <Name text={words.paste.left(read.left.join(', '))} />
          </Text>
        )}
        {isProgram && allowed === false && (
          <Alert color="yellow" variant="light" role="status">
            {words.paste.commands}
          </Alert>
        )}
        {failures.map(({ draft, text: why }) => (
          <Alert key={draft.name} color="red" variant="light" role="alert" title={words.paste.failed(draft.name)}>
            {why}
          </Alert>
        ))}
        {drafts.length > 0 && (
          <Group>
            <Button type="submit" loading={isBusy} disabled={count === 0}>
              {words.paste.register(count, formatNumber(count))}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
