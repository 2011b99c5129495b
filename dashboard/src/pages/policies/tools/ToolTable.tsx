// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// Tools and rules, one a row. Only rows that can be seen are in the page, so that thousands are as quick as ten.
import { Button, Checkbox, NativeSelect, Paper, Text, Tooltip } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { useMemo, useState } from 'react';

import { CategoryMark } from '../../../parts/Grade';
import { Name } from '../../../parts/Plain';
import { visible } from '../../../parts/unseen';
import { words } from '../../../words/words';
import { OUTCOMES, type Outcome } from '../model/select';
import { lockOf, type Row } from './rows';
import classes from './Tools.module.css';

const said = words.policies.tools;
const HEIGHT = 44;
const AROUND = 4;

export interface Actions {
  isReadOnly: boolean;
  chosen: ReadonlySet<string>;
  choose: (name: string, on: boolean) => void;
  chooseAll: (on: boolean) => void;
  set: (row: Row, outcome: Outcome | 'inherit') => void;
  open: (row: Row) => void;
}

function By({ row }: { row: Row }) {
  const { said: rule } = row;
  if (row.tool === undefined) {
    const more = row.matched - row.applies;
    const text = row.matched === 0 ? said.missing : more > 0 ? said.alsoMatches(row.applies, more) : said.matches(row.applies);
    return <span className={classes.soft}>{text}</span>;
  }
  if (rule?.hiddenBy !== undefined) return <Name text={said.by.hide(rule.hiddenBy)} most={60} />;
  if (rule?.tiedWith !== undefined) return <Name text={said.by.tied(rule.entry?.selector ?? '', rule.tiedWith.selector)} most={90} />;
  if (rule?.entry === undefined) return <span className={classes.soft}>{said.by.default}</span>;
  if (rule.kind === 'exact') return <span>{said.by.own}</span>;
  return <Name text={rule.entry.selector} most={60} />;
}

function OutcomePick({ row, actions }: { row: Row; actions: Actions }) {
  const locked = lockOf(row);
  const lock = locked === 'name' ? said.unnameable : locked === 'hidden' ? said.hiddenBy(visible(row.said?.hiddenBy ?? '', 60)) : undefined;
  const isOwn = row.tool === undefined || row.said?.kind === 'exact';
  const options = [
    ...OUTCOMES.map((value) => ({ value, label: said.outcomes[value] })),
    { value: 'custom', label: said.outcomes.custom },
    ...(isOwn && row.tool !== undefined ? [{ value: 'inherit', label: said.inherit }] : []),
  ];
  const pick = (
    <NativeSelect
      aria-label={said.outcomeOf(visible(row.name, 80))}
      data={options}
      value={row.outcome}
      size="xs"
      data-outcome={row.outcome}
      disabled={actions.isReadOnly || lock !== undefined}
      onChange={(event) => actions.set(row, event.currentTarget.value as Outcome | 'inherit')}
    />
  );
  return lock === undefined ? (
    pick
  ) : (
    <Tooltip label={lock}>
      <div>{pick}</div>
    </Tooltip>
  );
}

function Line({ row, index, actions }: { row: Row; index: number; actions: Actions }) {
  const shown = visible(row.name, 80);
  return (
    <tr aria-rowindex={index + 2} className={classes.row}>
      <td>
        {!actions.isReadOnly && (
          <Checkbox
            size="xs"
            aria-label={said.select(shown)}
            checked={actions.chosen.has(row.name)}
            disabled={lockOf(row) !== undefined}
            onChange={(event) => actions.choose(row.name, event.currentTarget.checked)}
          />
        )}
      </td>
      <th scope="row">
        <Text size="sm" ff="monospace" className={classes.text} title={visible(row.name, 400)}>
          <Name text={row.name} />
        </Text>
        {row.tool !== undefined && row.tool.summary !== '' && (
          <span className={`${classes.text} ${classes.soft}`} title={visible(row.tool.summary, 400)}>
            <Name text={row.tool.summary} />
          </span>
        )}
      </th>
      <td className={classes.wide}>{row.category !== undefined && <CategoryMark category={row.category} />}</td>
      <td>
        <OutcomePick row={row} actions={actions} />
      </td>
      <td className={classes.wide}>
        <Text size="sm" className={classes.text} component="div">
          <By row={row} />
        </Text>
      </td>
      <td>
        <Button variant="subtle" size="compact-xs" px={4} aria-label={said.open(shown)} onClick={() => actions.open(row)}>
          {said.edit}
        </Button>
      </td>
    </tr>
  );
}

function Head({ rows, actions }: { rows: Row[]; actions: Actions }) {
  const { columns } = said;
  const able = rows.filter((row) => lockOf(row) === undefined);
  const chosen = able.filter((row) => actions.chosen.has(row.name)).length;
  return (
    <tr aria-rowindex={1} className={`${classes.row} ${classes.head}`}>
      <th scope="col">
        {!actions.isReadOnly && (
          <Checkbox
            size="xs"
            aria-label={said.selectAll}
            checked={able.length > 0 && chosen === able.length}
            indeterminate={chosen > 0 && chosen < able.length}
            onChange={(event) => actions.chooseAll(event.currentTarget.checked)}
          />
        )}
      </th>
      <th scope="col">{columns.tool}</th>
      <th scope="col" className={classes.wide}>
        {columns.category}
      </th>
      <th scope="col">{columns.outcome}</th>
      <th scope="col" className={classes.wide}>
        {columns.by}
      </th>
      <th scope="col">{columns.more}</th>
    </tr>
  );
}

const HEIGHT_LEAST = 900;

/** Which rows can be seen, and a few around them: the table is never higher than the window. */
function useWindow(count: number) {
  const [top, setTop] = useState(0);
  const height = Math.max(useViewportSize().height, HEIGHT_LEAST);
  const first = Math.max(0, Math.min(Math.floor(top / HEIGHT), count - 1) - AROUND);
  const last = Math.min(count, Math.ceil((top + height) / HEIGHT) + AROUND);
  return { first, last, scrolled: (now: number) => setTop(Math.floor(now / HEIGHT) * HEIGHT) };
}

function Gap({ rows }: { rows: number }) {
  return rows === 0 ? null : (
    <tr>
      <td colSpan={6} style={{ height: rows * HEIGHT, padding: 0 }} />
    </tr>
  );
}

export function ToolTable({ rows, actions }: { rows: Row[]; actions: Actions }) {
  const { first, last, scrolled } = useWindow(rows.length);
  const shown = useMemo(() => rows.slice(first, last), [rows, first, last]);
  return (
    <Paper>
      <section
        className={classes.frame}
        onScroll={(event) => scrolled(event.currentTarget.scrollTop)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        tabIndex={0}
        aria-label={said.table}
      >
        <table className={classes.table} aria-label={said.table} aria-rowcount={rows.length + 1}>
          <thead>
            <Head rows={rows} actions={actions} />
          </thead>
          <tbody>
            <Gap rows={first} />
            {shown.map((row, index) => (
              <Line key={row.name} row={row} index={first + index} actions={actions} />
            ))}
            <Gap rows={Math.max(0, rows.length - last)} />
          </tbody>
        </table>
      </section>
    </Paper>
  );
}
