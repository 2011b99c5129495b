// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// From a server to an agent's first call. Where one is stands in the address, so that a refresh keeps it.
import { Anchor, Stack, Stepper, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';

import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { Nothing } from '../../parts/states';
import type { StartSearch } from '../../router';
import { words } from '../../words/words';
import { Connect } from './Connect';
import { Mint } from './Mint';
import { Pick } from './Pick';
import { Register } from './Register';

type Step = NonNullable<StartSearch['step']>;
const STEPS: Step[] = ['server', 'tools', 'grant', 'connect'];

/** The furthest step whose beginnings are there. */
function stepOf({ step = 'server', servers, grant }: StartSearch): Step {
  if (step === 'connect' && grant === undefined) return servers === undefined ? 'server' : 'grant';
  if ((step === 'tools' || step === 'grant') && servers === undefined) return 'server';
  return step;
}

function Part({ step }: { step: Step }) {
  const search = useSearch({ from: '/start' });
  const navigate = useNavigate({ from: '/start' });
  const go = (change: StartSearch) => void navigate({ search: (before) => ({ ...before, ...change }) });
  switch (step) {
    case 'server':
      return <Register done={(servers) => go({ step: 'tools', servers })} />;
    case 'tools':
      return <Pick servers={search.servers ?? []} done={(policies, mode) => go({ step: 'grant', policies, mode })} />;
    case 'grant':
      return (
        <Mint
          servers={search.servers ?? []}
          policies={search.policies ?? []}
          mode={search.mode ?? 'enforce'}
          done={(grant) => go({ step: 'connect', grant })}
        />
      );
    case 'connect':
      return <Connect grant={search.grant ?? ''} />;
  }
}

export function Start() {
  const search = useSearch({ from: '/start' });
  const navigate = useNavigate({ from: '/start' });
  const isWide = useMediaQuery('(min-width: 48em)', true);
  const isAdmin = useMay('admin');
  const step = stepOf(search);
  const active = STEPS.indexOf(step);
  if (!isAdmin)
    return (
      <>
        <PageHead title={words.start.title} />
        <Nothing title={words.start.forbidden} />
      </>
    );
  return (
    <Stack maw={860}>
      <div>
        <PageHead title={words.start.title}>
          {step !== 'connect' && (
            <Anchor component={Link} to="/" size="sm">
              {words.start.skip}
            </Anchor>
          )}
        </PageHead>
        <Text c="dimmed">{words.start.lead}</Text>
      </div>
      <Stepper
        active={active}
        size="sm"
        iconSize={28}
        wrap={false}
        allowNextStepsSelect={false}
        onStepClick={(index) => void navigate({ search: (before) => ({ ...before, step: STEPS[index] }) })}
      >
        {STEPS.map((each, index) => (
          <Stepper.Step
            key={each}
            {...(isWide
              ? { label: words.start.steps[each], description: words.start.stepMore[each] }
              : { 'aria-label': `${index + 1} ${words.start.steps[each]}` })}
            allowStepSelect={index < active && (each !== 'grant' || search.grant === undefined)}
            aria-current={each === step ? 'step' : undefined}
          />
        ))}
      </Stepper>
      {!isWide && (
        <Text fw={650} ta="center">
          {words.start.steps[step]}
        </Text>
      )}
      <Part key={step} step={step} />
    </Stack>
  );
}
