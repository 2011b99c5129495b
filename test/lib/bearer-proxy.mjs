// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A reverse proxy that adds an Authorization header and changes nothing else: Host, Origin and every other header
// go on as they came, both bodies stream without buffering, and a side that hangs up is felt by the other. It lets
// programs that cannot send a token, such as the conformance suite, talk to the gateway.
import http from 'node:http';

export async function bearerProxy(t, { port, path, token }) {
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((req, res) => {
    const headers = [...req.rawHeaders, 'Authorization', 'Bearer ' + token];
    const onward = http.request({ host: '127.0.0.1', port, method: req.method, path, headers, agent, setHost: false });
    onward.setNoDelay(true);
    onward.on('response', answer => {
      res.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      res.flushHeaders();
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    onward.on('error', () => (res.headersSent ? res.destroy() : res.writeHead(502).end()));
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}
