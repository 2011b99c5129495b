// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is shorter is asked about first, with what it would delete.
import { Button, Group, NumberInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { changeKeeping, type Kept } from '../../api/keeping';
import { Ask } from '../../parts/Ask';
import { Trouble } from '../../parts/states';
import { useNow } from '../../parts/When';
import { formatBytes, formatClock, formatSeconds, words } from '../../words/words';
import { bodyOf, bytesADay, effectOf, isShorter, UNITS, type Setting, type Standing, type Wishes } from './retention';

const { kept } = words.settings.keeping;
const { change: says } = kept;

/** A time or a size, for people. */
export function shown(setting: Setting, value: number | null): string {
  if (value === null) return setting === 'logSize' ? says.whole : says.forever;
  return setting === 'logSize' ? formatBytes(value) : formatSeconds(value);
}

function deleted(setting: Setting, value: number, known: Kept, now: Date): string {
  const effect = effectOf(setting, value, known, now);
  if (effect.kind === 'bytes') return says.gone.bytes(formatBytes(effect.bytes));
  if (effect.kind !== 'rows') return says.gone[effect.kind];
  const [from, to] = [formatClock(effect.from, now), formatClock(effect.to, now)];
  return effect.bytes === undefined ? says.gone.rows(from, to) : says.gone.rowsOf(from, to, formatBytes(effect.bytes));
}

type Draft = Partial<Record<Setting, number | string>>;

const amountOf = ({ setting, value }: Standing): number | '' => (value === null ? '' : value / UNITS[setting].one);

/** What differs from what holds; undefined: something cannot be. */
function wishesOf(draft: Draft, standings: Standing[]): Wishes | undefined {
  const wishes: Wishes = {};
  for (const standing of standings) {
    const amount = draft[standing.setting];
    const { one, least, most } = UNITS[standing.setting];
    if (amount === undefined || amount === amountOf(standing)) continue;
    if (amount !== '' && (typeof amount !== 'number' || amount < least || amount > most)) return undefined;
    wishes[standing.setting] = amount === '' ? null : Math.round(Number(amount) * one);
  }
  return wishes;
}

interface FieldProps {
  standing: Standing;
  amount: number | string;
  change: (amount: number | string) => void;
}

function Field({ standing: { setting, saidBy }, amount, change }: FieldProps) {
  const { least, most } = UNITS[setting];
  const isWrong = amount !== '' && (typeof amount !== 'number' || amount < least || amount > most);
  return (
    <NumberInput
      label={says.fields[setting]}
      description={saidBy === 'default' ? says.hintDefault[setting] : says.hint[setting]}
      placeholder={setting === 'logSize' ? says.whole : says.forever}
      max={most}
      min={0}
      decimalScale={3}
      value={amount}
      error={isWrong ? says.least[setting] : undefined}
      onChange={change}
    />
  );
}

export function RetentionForm({ known, standings }: { known: Kept; standings: Standing[] }) {
  const [draft, setDraft] = useState<Draft>({});
  const [asked, setAsked] = useState<Wishes | null>(null);
  const now = useNow();
  const act = async (wishes: Wishes) => {
    await changeKeeping(known, bodyOf(wishes));
    notifications.show({ message: says.saved });
  };
  const save = useMutation({ mutationFn: act });
  const wishes = wishesOf(draft, standings);
  const shorter = (wish: Wishes) => standings.filter(({ setting, value }) => isShorter(wish[setting] ?? null, value));
  const submit = () => {
    if (wishes === undefined || Object.keys(wishes).length === 0) return;
    if (shorter(wishes).length > 0) setAsked(wishes);
    else save.mutate(wishes);
  };
  const rate = bytesADay(known, now);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="sm" maw={420}>
        <Text size="sm">{says.more}</Text>
        {rate !== undefined && <Text size="sm">{says.rate(formatBytes(Math.round(rate)))}</Text>}
        {standings.map((standing) => (
          <Field
            key={standing.setting}
            standing={standing}
            amount={draft[standing.setting] ?? amountOf(standing)}
            change={(amount) => setDraft((before) => ({ ...before, [standing.setting]: amount }))}
          />
        ))}
        {save.error !== null && <Trouble error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {says.submit}
          </Button>
        </Group>
      </Stack>
      {asked !== null && (
        <Ask
          title={says.ask}
          more={[
            ...shorter(asked).map(({ setting }) => {
              const value = asked[setting] ?? 0;
              return says.becomes(says.names[setting], shown(setting, value), deleted(setting, value, known, now));
            }),
            says.until,
          ].join(' ')}
          button={says.confirm}
          act={() => act(asked)}
          close={() => setAsked(null)}
        />
      )}
    </form>
  );
}
