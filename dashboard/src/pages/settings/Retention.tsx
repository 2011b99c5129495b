// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// How long the logs are kept: what waits for its time, who says what holds, and the form for what people may say.
import { Alert, Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';

import { changeKeeping, type Kept } from '../../api/keeping';
import { Trouble } from '../../parts/states';
import { When } from '../../parts/When';
import { words } from '../../words/words';
import { bodyOf, isOperators, standingsOf, type Standing } from './retention';
import { RetentionForm, shown } from './RetentionForm';

const { change: says } = words.settings.keeping.kept;

function Pending({ known, standing }: { known: Kept; standing: Standing }) {
  const { setting, value, pending } = standing;
  const back = useMutation({ mutationFn: () => changeKeeping(known, bodyOf({ [setting]: value })) });
  if (pending === null) return null;
  return (
    <Alert color="yellow" variant="light" role="status" title={says.pending(says.names[setting])}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {says.pendingMore(shown(setting, value), shown(setting, pending.value))} <When at={pending.takes_effect_at} clock />
        </Text>
        {back.error !== null && <Trouble error={back.error} />}
        {known.may_change && (
          <Button
            size="xs"
            variant="default"
            aria-label={says.takeBackOf(says.names[setting])}
            loading={back.isPending}
            onClick={() => back.mutate()}
          >
            {says.takeBack}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function SaidBy({ standing: { setting, saidBy } }: { standing: Standing }) {
  return (
    <Text size="sm">{saidBy === 'file' ? says.byFile(says.names[setting], says.keys[setting]) : says.byStart(says.names[setting])}</Text>
  );
}

export function Retention({ known }: { known: Kept }) {
  const standings = standingsOf(known);
  const free = standings.filter((standing) => !isOperators(standing));
  return (
    <>
      {standings.map((standing) => (
        <Pending key={standing.setting} known={known} standing={standing} />
      ))}
      {standings.filter(isOperators).map((standing) => (
        <SaidBy key={standing.setting} standing={standing} />
      ))}
      {known.may_change && free.length > 0 && <RetentionForm key={known.version} known={known} standings={free} />}
      {!known.may_change && <Text size="sm">{says.others}</Text>}
    </>
  );
}
