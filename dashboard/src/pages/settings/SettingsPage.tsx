// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Tabs } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { useMay } from '../../api/session';
import { PageHead } from '../../parts/PageHead';
import { TabList } from '../../parts/TabList';
import type { SettingsTab as Tab } from '../../router';
import { words } from '../../words/words';
import { About } from './About';
import { Account } from './Account';
import { Channels } from './Channels';
import { Contacts } from './Contacts';
import { Keeping } from './Keeping';
import { OrganisationForm } from './Organisation';
import { Providers } from './Providers';

const { settings: says } = words;

const TABS = Object.keys(says.tabs) as Tab[];
const ADMINS: readonly Tab[] = ['organisation', 'channels', 'providers', 'contacts', 'keeping'];
const PAGES: Record<Tab, () => React.ReactNode> = {
  account: Account,
  organisation: OrganisationForm,
  channels: Channels,
  providers: Providers,
  contacts: Contacts,
  keeping: Keeping,
  about: About,
};

export function SettingsPage() {
  const isAdmin = useMay('admin');
  const { tab } = useSearch({ from: '/settings' });
  const navigate = useNavigate({ from: '/settings' });
  const shown = TABS.filter((item) => isAdmin || !ADMINS.includes(item));
  const current = tab !== undefined && shown.includes(tab) ? tab : isAdmin ? 'organisation' : 'account';
  const Page = PAGES[current];
  return (
    <>
      <PageHead title={says.title} />
      <Tabs value={current} onChange={(value) => void navigate({ search: { tab: (value ?? 'account') as Tab } })}>
        <TabList value={current} mb="md">
          {shown.map((item) => (
            <Tabs.Tab key={item} value={item}>
              {says.tabs[item]}
            </Tabs.Tab>
          ))}
        </TabList>
        <Tabs.Panel value={current}>
          <Page />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
