// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Of which time: counted back from now, or between two instants of the reader's clock.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';

import { words } from '../../words/words';
import { instantOf, LASTS, localOf, type DecisionSearch, type Last } from './search';

const says = words.decisions.period;

interface Props {
  search: DecisionSearch;
  change: (by: DecisionSearch) => void;
}

function Instant({ label, name, search, change }: Props & { label: string; name: 'from' | 'to' }) {
  return (
    <TextInput
      type="datetime-local"
      aria-label={label}
      title={label}
      value={localOf(search[name])}
      w={200}
      onChange={(event) => change({ [name]: instantOf(event.currentTarget.value) })}
    />
  );
}

export function Period({ search, change }: Props) {
  const isBetween = search.from !== undefined || search.to !== undefined;
  const [wantsBetween, setWantsBetween] = useState(isBetween);
  const shown = search.last ?? (isBetween || wantsBetween ? 'between' : null);
  const pick = (value: string | null) => {
    setWantsBetween(value === 'between');
    change({ last: LASTS.find((each): each is Last => each === value), from: undefined, to: undefined });
  };
  return (
    <>
      <Select
        aria-label={says.label}
        placeholder={says.label}
        data={[...LASTS.map((each) => ({ value: each, label: words.overview.ranges[each] })), { value: 'between', label: says.between }]}
        value={shown}
        clearable
        w={160}
        onChange={pick}
      />
      {shown === 'between' && (
        <>
          <Instant label={says.from} name="from" search={search} change={change} />
          <Instant label={says.to} name="to" search={search} change={change} />
        </>
      )}
    </>
  );
}
