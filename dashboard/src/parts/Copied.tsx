// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Code, CopyButton, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

import { words } from '../words/words';
import classes from './Copied.module.css';

/** Text to be taken elsewhere. `label` names it for those who do not see it. */
export function Copied({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.box}>
      <Code block tabIndex={0} role="region" aria-label={label} className={classes.text ?? ''}>
        {text}
      </Code>
      <CopyButton value={text}>
        {({ copied, copy }) => (
          <>
            <Tooltip label={copied ? words.start.copied : words.start.copy} position="left">
              <ActionIcon
                variant="default"
                size="md"
                className={classes.button ?? ''}
                onClick={copy}
                aria-label={words.start.copyOf(label)}
              >
                {copied ? <IconCheck size={14} aria-hidden="true" /> : <IconCopy size={14} aria-hidden="true" />}
              </ActionIcon>
            </Tooltip>
            <VisuallyHidden aria-live="polite">{copied ? words.start.copied : ''}</VisuallyHidden>
          </>
        )}
      </CopyButton>
    </div>
  );
}
