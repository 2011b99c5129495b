// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { UnstyledButton } from '@mantine/core';

import { Name } from '../../../parts/Plain';
import { useEditing } from '../draft';
import { placeOf } from '../model/places';
import { useOpen } from '../place';
import placeClasses from '../place.module.css';
import classes from './trying.module.css';

/** A rule's name, which leads to it where it stands in the draft. */
export function RuleLink({ rule }: { rule: string }) {
  const { tree } = useEditing();
  const open = useOpen();
  const name = <Name text={rule} most={200} />;
  if (placeOf(tree, rule) === undefined) return <span className={classes.mono}>{name}</span>;
  return (
    <UnstyledButton className={`${classes.mono} ${placeClasses.link}`} td="underline" onClick={() => open(rule)}>
      {name}
    </UnstyledButton>
  );
}
