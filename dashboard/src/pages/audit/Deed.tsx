// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import type { AuditRow } from '../../api/administer';
import { Name } from '../../parts/Plain';
import { words } from '../../words/words';

const { deeds: says } = words.audit;
const NAME_MOST = 60;

const lookUp = <T,>(table: Record<string, T>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);

/** "Grant ci-runner changed"; an action without words is shown as it is. */
export function Deed({ row, name = '' }: { row: Pick<AuditRow, 'action'>; name?: string }) {
  const [kind = '', verb = ''] = row.action.split('.');
  const whole = lookUp<string>(says.whole, row.action);
  const [first, last] = whole !== undefined ? [whole, ''] : [lookUp<string>(says.kinds, kind), lookUp<string>(says.verbs, verb)];
  if (first === undefined || last === undefined)
    return (
      <>
        <Name text={row.action} /> {name !== '' && <Name text={name} most={NAME_MOST} />}
      </>
    );
  return (
    <>
      {first}
      {name !== '' && (
        <>
          {' '}
          <b>
            <Name text={name} most={NAME_MOST} />
          </b>
        </>
      )}
      {last !== '' && ` ${last}`}
    </>
  );
}
