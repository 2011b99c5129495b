// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The builder: the policy's parts as forms or as JSON, what it means in words, and what the gateway says of it.
import { ActionIcon, Alert, Button, Grid, Group, SegmentedControl, Select, Stack, Tabs, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp } from '@tabler/icons-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';

import { Loading, Nothing } from '../../parts/states';
import { TabList } from '../../parts/TabList';
import { words } from '../../words/words';
import { EditingProvider, useEditingOf, type Draft } from './draft';
import type { Whose } from './data';
import { Findings, FindingsCount } from './Findings';
import { useKeepFocus } from './keepFocus';
import { formOf, placeOf } from './model/places';
import { nodeAt, offsetOf, pointerOf } from './model/tree';
import { OpenContext, TargetContext, type Target } from './place';
import { Others } from './sections/Others';
import { Runaway } from './sections/Runaway';
import { EveryTool, General, Methods, SectionTitle, TopResults } from './sections/sections';
import { Summary } from './Summary';
import type { ToolsSearch } from './tools/Filters';
import { Tools } from './tools/Tools';
import { FoundList, VerdictBadge, type Verdict } from './Verdict';

const TryCall = lazy(() => import('./trying/TryCall').then(({ TryCall }) => ({ default: TryCall })));
const Replay = lazy(() => import('./trying/Replay').then(({ Replay }) => ({ default: Replay })));
const JsonView = lazy(() => import('./text/JsonView').then(({ JsonView }) => ({ default: JsonView })));
const said = words.policies;

export const VIEWS = ['json', 'try', 'replay'] as const;
export const SECTIONS = ['tools', 'all', 'results', 'resources', 'prompts', 'methods', 'runaway', 'general'] as const;
export type Section = (typeof SECTIONS)[number];

export interface BuilderSearch extends ToolsSearch {
  section?: Section | undefined;
  view?: (typeof VIEWS)[number] | undefined;
}

interface Props {
  draft: Draft;
  /** That is edited; undefined: a new one. */
  policy?: { id: string; name: string };
  verdict: Verdict;
  isReadOnly: boolean;
  search: BuilderSearch;
  /** A step is one that the browser's Back takes back. */
  change: (by: BuilderSearch, isStep?: boolean) => void;
  /** What is done with the whole of it. */
  children: ReactNode;
}

// Sections whose parts are too small to be gone to one by one.
const TITLED = new Set<Section>(['general', 'methods', 'runaway']);

function content(section: Section, search: BuilderSearch, change: Props['change']): ReactNode {
  switch (section) {
    case 'tools':
      return <Tools search={search} change={change} />;
    case 'all':
      return <EveryTool />;
    case 'results':
      return <TopResults />;
    case 'resources':
    case 'prompts':
      return <Others place={section} />;
    case 'methods':
      return <Methods />;
    case 'runaway':
      return <Runaway />;
    default:
      return <General />;
  }
}

function Form({ search, change, isBroken }: { search: BuilderSearch; change: Props['change']; isBroken: boolean }) {
  const section = search.section ?? 'tools';
  if (isBroken)
    return (
      <Alert color="red" variant="light" title={said.broken}>
        <Button variant="default" size="xs" onClick={() => change({ view: 'json' })}>
          {said.toJson}
        </Button>
      </Alert>
    );
  const pick = (next: string | null) =>
    change({ section: next === 'tools' ? undefined : ((next ?? undefined) as Section | undefined), rule: undefined }, true);
  return (
    <>
      <Select
        aria-label={said.sections.label}
        hiddenFrom="sm"
        mb="sm"
        data={SECTIONS.map((value) => ({ value, label: said.sections[value] }))}
        value={section}
        allowDeselect={false}
        onChange={pick}
      />
      <Tabs value={section} onChange={pick} keepMounted={false}>
        <TabList value={section} visibleFrom="sm" mb="md" aria-label={said.sections.label}>
          {SECTIONS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {said.sections[each]}
            </Tabs.Tab>
          ))}
        </TabList>
        <Tabs.Panel value={section}>
          {section !== 'tools' && <SectionTitle isPlace={TITLED.has(section)}>{said.sections[section]}</SectionTitle>}
          {content(section, search, change)}
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Steps({ draft }: { draft: Draft }) {
  const step = (label: string, on: boolean, go: () => void, icon: ReactNode) => (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={30} aria-label={label} disabled={!on} onClick={go}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <Group gap={4}>
      {step(said.undo, draft.canUndo, draft.undo, <IconArrowBackUp size={16} />)}
      {step(said.redo, draft.canRedo, draft.redo, <IconArrowForwardUp size={16} />)}
    </Group>
  );
}

// Ways to a place: in the text by its line or its name, in the form by its name.
function usePlaces({ draft, search, change }: Pick<Props, 'draft' | 'search' | 'change'>) {
  const { tree } = draft;
  const [at, setAt] = useState<{ offset: number }>();
  const [target, setTarget] = useState<Target>();
  const toText = (offset: number) => {
    setAt({ offset });
    change({ view: 'json' }, true);
  };
  const open = (rule: string) => {
    const path = placeOf(tree, rule);
    if (path === undefined) return;
    if (search.view === 'json') return toText(nodeAt(tree, path)?.offset ?? 0);
    const { section, rule: name } = formOf(path);
    setTarget({ pointer: pointerOf(path), isTaken: false });
    change({ view: undefined, section: section === 'tools' ? undefined : section, rule: name }, true);
  };
  const leave = (by: BuilderSearch, isStep?: boolean) => {
    setTarget(undefined);
    change(by, isStep);
  };
  const go = ({ line, column }: { line: number; column: number }) => toText(offsetOf(tree.text, line, column));
  return { at, target, open, leave, go };
}

// What needs a policy that exists, by its id.
function Trying({
  view,
  policy,
  verdict,
  search,
  change,
}: Pick<Props, 'policy' | 'verdict' | 'search' | 'change'> & { view: 'try' | 'replay' }) {
  if (policy === undefined) return <Nothing title={said.trying.unsaved[view]} more={said.trying.unsavedMore} />;
  if (view === 'replay') return <Replay key={policy.id} policy={policy} isBad={verdict.state === 'bad'} />;
  const pickServer = (server: string | undefined) => change({ server });
  return <TryCall key={policy.id} policy={policy} verdict={verdict} server={search.server} pickServer={pickServer} />;
}

export function Builder({ draft, policy, verdict, isReadOnly, search, change, children }: Props) {
  const editing = useEditingOf(draft, isReadOnly);
  useKeepFocus(draft.tree);
  const { at, target, open, leave, go } = usePlaces({ draft, search, change });
  useHotkeys([
    ['mod+Z', draft.undo],
    ['mod+shift+Z', draft.redo],
  ]);
  const view = search.view ?? 'form';
  const whose: Whose = search.server !== undefined ? { server: search.server } : policy !== undefined ? { policy: policy.name } : {};
  return (
    <EditingProvider value={editing}>
      <TargetContext value={target}>
        <OpenContext value={open}>
          <Group justify="space-between" mb="sm" gap="xs">
            <Group gap="xs">
              <SegmentedControl
                size="xs"
                aria-label={said.views.label}
                data={(['form', ...VIEWS] as const).map((value) => ({ value, label: said.views[value] }))}
                value={view}
                onChange={(next) => leave({ view: VIEWS.find((each) => each === next) })}
              />
              {!isReadOnly && <Steps draft={draft} />}
              <VerdictBadge verdict={verdict} />
              <FindingsCount whose={whose} verdict={verdict} />
            </Group>
            {children}
          </Group>
          <FoundList found={verdict.found} go={go} />
          <Grid gap="md">
            <Grid.Col span={{ base: 12, lg: 9 }}>
              <Suspense fallback={<Loading rows={10} />}>
                {view === 'form' && <Form search={search} change={leave} isBroken={draft.tree.root === undefined} />}
                {view === 'json' && <JsonView found={verdict.found} at={at} server={search.server ?? ''} />}
                {(view === 'try' || view === 'replay') && (
                  <Trying view={view} policy={policy} verdict={verdict} search={search} change={change} />
                )}
              </Suspense>
            </Grid.Col>
            <Grid.Col span={{ base: 12, lg: 3 }}>
              <Stack gap="md">
                <Findings whose={whose} verdict={verdict} go={go} />
                <Summary />
              </Stack>
            </Grid.Col>
          </Grid>
        </OpenContext>
      </TargetContext>
    </EditingProvider>
  );
}
