// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The real builder over a text, before a gateway that knows one server, and the same part of it shown anew.
import { createTheme, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { useState, type ReactNode } from 'react';

import { serversQuery } from '../../src/api/queries';
import { Builder, type BuilderSearch } from '../../src/pages/policies/Builder';
import { toolQuery, toolsQuery, type ToolRow } from '../../src/pages/policies/data';
import { EditingProvider, useDraft, type Draft } from '../../src/pages/policies/draft';
import { argumentsOf } from '../../src/pages/policies/model/arguments';
import { membersAt, nodeAt, readTree, type Tree } from '../../src/pages/policies/model/tree';
import { ArgumentsProvider } from '../../src/pages/policies/rules/Condition';
import { Rule } from '../../src/pages/policies/rules/Rule';
import { AllForms } from './forms';
import { allControlsOn, controlsOn, rootOf, type Control, type Open } from './screen';

const SERVER = 'files';
const SCHEMA = {
  type: 'object',
  required: ['path'],
  properties: {
    path: { type: 'string' },
    mode: { type: 'string', enum: ['append', 'replace'] },
    count: { type: 'integer' },
    dry: { type: 'boolean' },
    items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
  },
};
const tool = (name: string, category: string, severity: string): ToolRow =>
  ({ name, slug: name, server_slug: SERVER, category, severity, summary: '' }) as unknown as ToolRow;
export const TOOLS = [tool('read_file', 'Read', 'low'), tool('write_file', 'Write', 'medium')];

function knowing(): QueryClient {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retry: false } } });
  client.setQueryData(serversQuery.queryKey, { items: [{ name: SERVER }] } as never);
  client.setQueryData(toolsQuery(SERVER).queryKey, { tools: TOOLS } as never);
  for (const row of TOOLS)
    client.setQueryData(toolQuery(row).queryKey, { definition: { inputSchema: SCHEMA }, verdict: { why: 'its name' } } as never);
  return client;
}

// A list of choices is in the page while it is open, which is what can be seen of it.
const seldom = { defaultProps: { comboboxProps: { keepMounted: false } } };
const atOnce = { defaultProps: { transitionDuration: 0 } };
const theme = createTheme({
  components: { Select: seldom, Autocomplete: seldom, TagsInput: seldom, MultiSelect: seldom, Collapse: atOnce, Accordion: atOnce },
});

const Around = ({ client, children }: { client: QueryClient; children: ReactNode }) => (
  <MantineProvider env="test" theme={theme}>
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  </MantineProvider>
);

interface Shown {
  draft: Draft;
  search: BuilderSearch;
}

function Page({ text, begin, seen }: { text: string; begin: BuilderSearch; seen: (now: Shown) => void }) {
  const draft = useDraft('clicked', { etag: 1, number: 1, text });
  const [search, setSearch] = useState(begin);
  seen({ draft, search });
  const change = (by: BuilderSearch) => setSearch((old) => ({ ...old, ...by }));
  return (
    <Builder
      draft={draft}
      policy={{ id: 'p', name: 'p' }}
      verdict={{ state: 'good', found: [] }}
      isReadOnly={false}
      search={search}
      change={change}
    >
      {null}
    </Builder>
  );
}

export class Bench {
  private now!: Shown;
  private readonly client = knowing();
  private readonly page: HTMLElement;

  constructor(text: string) {
    sessionStorage.clear();
    const seen = (now: Shown) => {
      this.now = now;
    };
    this.page = render(
      <Around client={this.client}>
        <Page text={text} begin={{ server: SERVER }} seen={seen} />
      </Around>,
    ).container;
  }

  get tree(): Tree {
    return this.now.draft.tree;
  }
  get open(): Open {
    return { section: this.now.search.section ?? 'tools', rule: this.now.search.rule };
  }
  get canUndo(): boolean {
    return this.now.draft.canUndo;
  }
  get canRedo(): boolean {
    return this.now.draft.canRedo;
  }
  get root(): HTMLElement {
    return rootOf(this.page);
  }
  controls(): Control[] {
    return controlsOn(this.root, this.open, this.tree);
  }
  allControls(): Control[] {
    return allControlsOn(this.root, this.open, this.tree);
  }

  /** What somebody has before him who opens the same part now, also what is folded away there. */
  anew(): Control[] {
    const { tree, open } = this;
    const still = () => {};
    const path = ['tools', open.rule ?? ''];
    if (open.rule !== undefined && nodeAt(tree, path) === undefined) return []; // it has no rule of its own
    const known = argumentsOf(TOOLS.some(({ name }) => name === open.rule) ? SCHEMA : undefined);
    const alone =
      open.rule === undefined ? (
        <Page text={tree.text} begin={this.now.search} seen={still} />
      ) : (
        <EditingProvider value={{ tree, isReadOnly: false, edit: still, put: still }}>
          <ArgumentsProvider value={known}>
            <Rule path={path} keep={2} />
          </ArgumentsProvider>
        </EditingProvider>
      );
    return this.apart(alone, open);
  }

  private apart(alone: ReactNode, open: Open): Control[] {
    const { container, unmount } = render(<Around client={this.client}>{alone}</Around>);
    const found = allControlsOn(container, open, this.tree);
    unmount();
    return found;
  }
}

/** Everything that the forms say is wrong with a text, in any part. */
export function faultsOf(text: string): string[] {
  const tree = readTree(text);
  const still = () => {};
  const { container, unmount } = render(
    <Around client={knowing()}>
      <EditingProvider value={{ tree, isReadOnly: false, edit: still, put: still }}>
        <AllForms tools={membersAt(tree, ['tools']).map(({ name }) => name)} />
      </EditingProvider>
    </Around>,
  );
  const faulty = [...container.querySelectorAll<HTMLElement>('[aria-invalid="true"]')];
  const found = faulty.map((field) => field.closest('.mantine-InputWrapper-root')?.textContent ?? '');
  unmount();
  return found;
}
