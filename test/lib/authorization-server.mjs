// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A fake OAuth 2.1 authorization server, and an MCP server that wants its tokens. Honest unless told otherwise: every
// document and answer can be replaced by a hook, which is how the hostile ones are made.
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { FakeUpstream } from './upstream.mjs';

const secret = () => randomBytes(16).toString('hex');
const read = async req => { let text = ''; for await (const chunk of req) text += chunk; return text; };

async function listen(t, handler) {
  const server = http.createServer((req, res) => { handler(req, res).catch(error => { res.writeHead(500); res.end(String(error)); }); });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return `http://127.0.0.1:${server.address().port}`;
}

export class AuthorizationServer {
  // hooks: metadata(document), register(answer), any(url, req, res, form), before({form, send}) of a token's answer, token({status,
  // answer, form, res, send}) in its place; what returns true has answered. lifetime in seconds
  static async start(t, { lifetime = 3600, hooks = {}, rotate = true, scopes } = {}) {
    const as = Object.assign(new AuthorizationServer(), { hooks, lifetime, rotate, scopes, requests: [], codes: new Map(), clients: new Map(), access: new Map(), refresh: new Map(), revoked: [] });
    as.url = await listen(t, (req, res) => as.handle(req, res));
    return as;
  }

  of(path) { return this.requests.filter(r => r.path === path); }
  send(res, status, body, headers = {}) { res.writeHead(status, { 'content-type': 'application/json', ...headers }); res.end(typeof body === 'string' ? body : JSON.stringify(body)); }

  metadata() {
    const document = {
      issuer: this.url, authorization_endpoint: this.url + '/authorize', token_endpoint: this.url + '/token', registration_endpoint: this.url + '/register', revocation_endpoint: this.url + '/revoke',
      code_challenge_methods_supported: ['S256'], authorization_response_iss_parameter_supported: true, token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      ...(this.scopes ? { scopes_supported: this.scopes } : {}),
    };
    return this.hooks.metadata?.(document) ?? document;
  }

  async handle(req, res) {
    const url = new URL(req.url, this.url);
    const text = await read(req);
    const form = Object.fromEntries(new URLSearchParams(text));
    this.requests.push({ path: url.pathname, method: req.method, headers: req.headers, form, text });
    if (this.hooks.any?.(url, req, res, form)) return;
    if (url.pathname === '/.well-known/oauth-authorization-server') return this.send(res, 200, this.metadata());
    if (url.pathname === '/register') {
      const id = 'client-' + secret();
      this.clients.set(id, JSON.parse(text));
      return this.send(res, 201, this.hooks.register?.({ client_id: id }) ?? { client_id: id });
    }
    if (url.pathname === '/revoke') { this.revoked.push(form.token); this.access.delete(form.token); this.refresh.delete(form.token); return this.send(res, 200, {}); }
    if (url.pathname === '/token') return this.token(req, res, form);
    this.send(res, 404, { error: 'not_found' });
  }

  issue(form, scope, resource) {
    const answer = { access_token: 'at-' + secret(), token_type: 'Bearer', ...(this.lifetime ? { expires_in: this.lifetime } : {}), scope };
    this.access.set(answer.access_token, { scope, resource, until: Date.now() + (this.lifetime || 1e6) * 1000 });
    if (form.grant_type !== 'client_credentials') {
      answer.refresh_token = 'rt-' + secret();
      this.refresh.set(answer.refresh_token, { scope, resource });
    }
    return answer;
  }

  async token(req, res, form) {
    if (this.hooks.before?.({ form, send: (...args) => this.send(res, ...args) })) return;
    let answer, status = 200;
    const refuse = error => { status = 400; answer = { error }; };
    if (form.grant_type === 'authorization_code') {
      const code = this.codes.get(form.code);
      this.codes.delete(form.code);
      const challenge = createHash('sha256').update(form.code_verifier ?? '').digest('base64url');
      if (!code || challenge !== code.challenge || form.redirect_uri !== code.redirect || form.resource !== code.resource) refuse('invalid_grant');
      else answer = this.issue(form, code.scope, code.resource);
    } else if (form.grant_type === 'refresh_token') {
      const known = this.refresh.get(form.refresh_token);
      if (!known) refuse('invalid_grant');
      else { if (this.rotate) this.refresh.delete(form.refresh_token); answer = this.issue(form, known.scope, known.resource); if (!this.rotate) delete answer.refresh_token; }
    } else if (form.grant_type === 'client_credentials') {
      const basic = Buffer.from((req.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString().split(':').map(decodeURIComponent);
      if (basic[0] !== 'machine' || basic[1] !== 'its secret:%'.replaceAll(' ', '-')) refuse('invalid_client');
      else answer = this.issue(form, form.scope ?? '', form.resource);
    } else refuse('unsupported_grant_type');
    if (this.hooks.token && await this.hooks.token({ status, answer, form, res, send: (...args) => this.send(res, ...args) })) return;
    this.send(res, status, answer);
  }

  // What a browser does there: the person agrees. The address that the browser is sent to.
  agree(authorizationUrl, { issuer = this.url, scope, more = {} } = {}) {
    const question = new URL(authorizationUrl).searchParams;
    const code = secret();
    this.question = Object.fromEntries(question);
    this.codes.set(code, { challenge: question.get('code_challenge'), redirect: question.get('redirect_uri'), resource: question.get('resource'), scope: scope ?? question.get('scope') ?? '' });
    const back = new URL(question.get('redirect_uri'));
    for (const [name, value] of Object.entries({ code, state: question.get('state'), ...(issuer ? { iss: issuer } : {}), ...more })) back.searchParams.set(name, value);
    return back.href;
  }

  allows(req) {
    const token = (req.headers.authorization ?? '').replace(/^Bearer /, '');
    const known = this.access.get(token);
    return known && known.until > Date.now() ? known : null;
  }
}

// { url, as, fake, seen }: an MCP server behind its authorization server; `seen` are the Authorization headers of calls.
export async function protectedServer(t, as, { document = d => d, challenge = c => c, needs = () => true } = {}) {
  const fake = await FakeUpstream.start(t, {});
  const target = new URL(fake.url);
  const seen = [];
  const own = {};
  own.origin = await listen(t, async (req, res) => {
    const text = await read(req);
    if (req.url.startsWith('/.well-known/oauth-protected-resource')) {
      res.writeHead(200, { 'content-type': 'application/json' });
      return res.end(JSON.stringify(document({ resource: own.origin + target.pathname, authorization_servers: [as.url], scopes_supported: ['read'] })));
    }
    const token = await as.allows(req);
    if (!token) {
      const said = challenge(`Bearer resource_metadata="${own.origin}/.well-known/oauth-protected-resource${target.pathname}", scope="read"`);
      res.writeHead(401, said === null ? {} : { 'WWW-Authenticate': said });
      return res.end();
    }
    seen.push(req.headers.authorization);
    if (!needs(text, token)) {
      res.writeHead(403, { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="read write"' });
      return res.end();
    }
    const onward = http.request({ host: target.hostname, port: target.port, path: req.url, method: req.method, headers: { ...req.headers, host: target.host } }, answer => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    onward.end(text);
  });
  return { url: own.origin + target.pathname, as, fake, seen };
}
