// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// A person's browser as far as signing in goes: it keeps cookies for a host and path, whatever the port, and fills in forms.
import assert from 'node:assert/strict';

export class Browser {
  jar = new Map(); // name and path -> value

  async open(url, options = {}) {
    const { pathname } = new URL(url);
    const sent = [...this.jar.values()].filter(c => pathname === c.path || pathname.startsWith(c.path.replace(/\/?$/, '/'))).map(c => `${c.name}=${c.value}`);
    const answer = await fetch(url, { redirect: 'manual', ...options, headers: { ...options.headers, ...(sent.length ? { Cookie: sent.join('; ') } : {}) } });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(/; ?/), name = pair.slice(0, pair.indexOf('=')), value = pair.slice(name.length + 1);
      const attribute = wanted => attributes.find(a => a.toLowerCase().startsWith(wanted + '='))?.slice(wanted.length + 1);
      const path = attribute('path') ?? '/', key = name + ' ' + path;
      if (attribute('max-age') === '0' || new Date(attribute('expires') ?? '2999-01-01') < new Date()) this.jar.delete(key);
      else this.jar.set(key, { name, value, path });
    }
    return { status: answer.status, location: answer.headers.get('location'), text: await answer.text(), url: String(url) };
  }
  forget(name) { for (const [key, cookie] of this.jar) if (cookie.name === name) this.jar.delete(key); }
  cookie(name) { return [...this.jar.values()].find(c => c.name === name)?.value; }

  // Through redirects and the forms of npm's `oidc-provider`, as `who`, to what answers at `back`. Says which forms it saw.
  async walk(url, back, who) {
    const forms = [];
    let page = await this.open(url);
    for (let steps = 0; steps < 20; steps++) {
      if (page.url.startsWith(back)) return { ...page, forms };
      if (page.location) { page = await this.open(new URL(page.location, page.url)); continue; }
      assert.equal(page.status, 200, `${page.url}: ${page.text}`);
      const [, action] = page.text.match(/action="([^"]+)"/), [, prompt] = page.text.match(/name="prompt" value="(\w+)"/);
      forms.push(prompt);
      page = await this.open(new URL(action, page.url), { method: 'POST', body: new URLSearchParams({ prompt, login: who, password: 'any' }) });
    }
    assert.fail('the browser is sent round in circles');
  }
}
