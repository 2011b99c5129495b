// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A wire that can be cut: TCP connections to a port go through it until the test breaks them all.
import net from 'node:net';

export async function cuttable(t, port) {
  const open = new Set();
  const server = net.createServer(near => {
    const far = net.connect(port, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => { open.delete(one); other.destroy(); });
      one.on('data', data => other.write(data));
      one.on('end', () => other.end());
    }
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const wire = {
    port: server.address().port,
    cuts: 0,
    cut() { wire.cuts++; for (const socket of open) socket.destroy(); },
  };
  t.after(() => { wire.cut(); server.close(); });
  return wire;
}
