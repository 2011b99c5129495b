// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Select, type SelectProps } from '@mantine/core';

import type { Role } from '../api/session';
import { words } from '../words/words';

const ROLES = (Object.keys(words.account.roles) as Role[]).map((value) => ({ value, label: words.account.roles[value] }));

interface Props extends Omit<SelectProps<string>, 'data' | 'value' | 'onChange' | 'defaultValue'> {
  value: Role;
  onChange: (role: Role) => void;
}

export function RoleSelect({ value, onChange, ...rest }: Props) {
  return <Select {...rest} data={ROLES} value={value} allowDeselect={false} onChange={(role) => onChange((role ?? value) as Role)} />;
}
