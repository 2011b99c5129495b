// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { UnstyledButton } from '@mantine/core';
import { Fragment, useState } from 'react';

import { formatNumber, words } from '../words/words';
import classes from './Plain.module.css';
import { cut, piecesOf } from './unseen';

const NAME_MOST = 120;
const TEXT_MOST = 1200;

function Pieces({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) => {
    if (piece.shown === undefined) return <Fragment key={index}>{piece.text}</Fragment>;
    if (piece.text.startsWith('\n') || piece.text === '\t')
      return (
        <Fragment key={index}>
          <span className={classes.sign}>{piece.shown}</span>
          {piece.text}
        </Fragment>
      );
    return (
      <span key={index} className={classes.unseen}>
        {piece.shown}
      </span>
    );
  });
}

/** A name that somebody else chose: on its own in its direction, bounded, nothing in it unseen. */
export function Name({ text, most = NAME_MOST }: { text: string; most?: number }) {
  const short = cut(text, most);
  return (
    <bdi className={classes.plain}>
      <Pieces text={short} />
      {short.length < text.length && '\u2026'}
    </bdi>
  );
}

/** A text that somebody else wrote, all of it on request. */
export function Plain({ text, most = TEXT_MOST }: { text: string; most?: number }) {
  const [isWhole, showWhole] = useState(false);
  const short = isWhole ? text : cut(text, most);
  return (
    <>
      <bdi className={`${classes.plain} ${classes.block}`}>
        <Pieces text={short} />
      </bdi>
      {short.length < text.length && (
        <>
          {'\u2026 '}
          <UnstyledButton className={classes.more ?? ''} onClick={() => showWhole(true)}>
            {words.plain.whole(formatNumber(text.length))}
          </UnstyledButton>
        </>
      )}
    </>
  );
}
