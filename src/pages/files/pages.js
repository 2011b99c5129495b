// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// What pages do besides when scripts run: search while somebody types, copy, "/" for the search field.
const field = document.querySelector('input[name=q]');
document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, select, textarea, [contenteditable]');
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey || !field) return;
  event.preventDefault();
  field.focus();
  field.select();
});

for (const block of document.querySelectorAll('.code')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector('pre').textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(block.querySelector('pre'));
      button.textContent = 'Selected';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  block.append(button);
}

const form = document.getElementById('search'), results = document.getElementById('results');
if (form && results) {
  let asked = 0, under, timer;
  const search = async () => {
    const mine = ++asked, query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) query.set(name, value.trim());
    const address = form.action + (query.size ? '?' + query : '');
    query.set('part', 'results');
    under?.abort();
    under = new AbortController();
    results.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(form.action + '?' + query, { signal: under.signal });
      const part = await answer.text();
      if (!answer.ok) throw new Error(String(answer.status));
      if (mine !== asked) return;
      results.innerHTML = part; // of this server, escaped there
      history.replaceState(null, '', address);
      results.removeAttribute('aria-busy');
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (mine === asked) form.submit();
    }
  };
  form.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  form.addEventListener('submit', event => { event.preventDefault(); clearTimeout(timer); search(); });
}

// Questions to people: what changed meanwhile is said, and shown at once where nothing is being typed.
const live = document.querySelector('[data-live]');
if (live && window.EventSource) {
  const renew = () => {
    if (!live.querySelector('textarea')?.value) return location.reload();
    if (document.querySelector('.fresh')) return;
    const button = document.createElement('button');
    button.className = 'fresh';
    button.textContent = 'This changed meanwhile: show it';
    button.addEventListener('click', () => location.reload());
    document.body.append(button);
  };
  const whole = !document.querySelector('.pager .next'); // what is not shown is new
  const known = new Map();
  let level = false; // all that wait have been told
  const shown = new Set([...live.querySelectorAll('.which')].map(a => a.getAttribute('href').split('/').pop()));
  const events = new EventSource(live.dataset.live);
  events.addEventListener('approval', event => {
    const { id, version, state } = JSON.parse(event.data);
    if (live.dataset.id) {
      if (id === live.dataset.id && String(version) !== live.dataset.version) renew();
    } else if (shown.has(id) ? state !== 'asked' || (known.has(id) && known.get(id) !== version) : state === 'asked' && (level || whole)) {
      renew();
    }
    known.set(id, version);
  });
  events.addEventListener('level', () => { level = true; });
  addEventListener('pagehide', () => events.close());
}
