// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { grantsQuery, serversQuery } from '../../api/queries';
import { declaredQuery } from '../../api/servers';
import { useMay } from '../../api/session';
import { Nothing } from '../../parts/states';
import { words } from '../../words/words';

const { begin: says } = words.overview;

/** In place of a chart of nothing: what has to be done before there is something. */
export function Quiet() {
  const isAdmin = useMay('admin');
  const servers = useQuery(serversQuery).data;
  const declared = useQuery(declaredQuery).data;
  const grants = useQuery(grantsQuery).data;
  if (servers?.items.length === 0 && declared?.servers.length === 0)
    return (
      <Nothing title={words.servers.none} more={isAdmin ? words.servers.noneMore : says.byAdmins}>
        {isAdmin && (
          <Button component={Link} to={'/start' as never}>
            {words.servers.start}
          </Button>
        )}
      </Nothing>
    );
  if (grants?.items.length === 0 && declared?.grants.length === 0)
    return (
      <Nothing title={words.grants.none} more={isAdmin ? words.grants.noneMore : says.byAdmins}>
        {isAdmin && (
          <Button component={Link} to={'/grants/new' as never}>
            {words.grants.mint}
          </Button>
        )}
      </Nothing>
    );
  return <Nothing title={words.overview.quiet} more={words.overview.quietMore} />;
}
