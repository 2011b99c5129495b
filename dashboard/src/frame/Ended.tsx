// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button, Modal, Stack, Text } from '@mantine/core';

import { signInAddress } from '../api/session';
import { words } from '../words/words';

/** Over a page whose session has ended; what was typed stays below. */
export function Ended() {
  return (
    <Modal opened onClose={() => {}} withCloseButton={false} closeOnEscape={false} title={words.account.ended}>
      <Stack>
        <Text size="sm">{words.account.endedMore}</Text>
        <Button component="a" href={signInAddress()} data-autofocus>
          {words.account.signIn}
        </Button>
        <Button component="a" variant="default" href="/sign-in" target="_blank">
          {words.account.elsewhere}
        </Button>
      </Stack>
    </Modal>
  );
}
