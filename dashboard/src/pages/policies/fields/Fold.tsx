// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What is seldom needed lies folded away, until it says something.
import { Button, Collapse } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';

import { words } from '../../../words/words';

/** `isSet`: the policy says something of it; then it is open, and stays so, also when that is taken out. */
export function useFold(isSet: boolean): [boolean, () => void] {
  const [isOpen, { open, toggle }] = useDisclosure(isSet);
  if (isSet && !isOpen) open();
  return [isOpen, toggle];
}

export function Fold({ isSet, inside, children }: { isSet: boolean; inside: ReactNode; children: (button: ReactNode) => ReactNode }) {
  const [isOpen, toggle] = useFold(isSet);
  return (
    <>
      <Collapse expanded={isOpen}>{inside}</Collapse>
      {children(
        !isSet && (
          <Button variant="subtle" size="compact-xs" color="gray" onClick={toggle} aria-expanded={isOpen}>
            {words.policies.rule.more}
          </Button>
        ),
      )}
    </>
  );
}
