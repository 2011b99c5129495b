// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The code stands behind the link's '#', so that it is in nobody's log. Without scripts it is pasted by hand.
const field = document.querySelector('input.code');
if (field && location.hash.length > 1) {
  field.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  field.form.submit();
}

// Signing in by an identity provider, and going on at once where somebody is signed in: a link from elsewhere does not bring the cookie along.
const providers = document.getElementById('providers');
if (providers) {
  const value = name => document.querySelector(`input[name=${name}]`).value;
  const organisation = value('organisation');
  const go = async id => {
    const answer = await fetch('/api/v1/sign-in/' + encodeURIComponent(id), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ to: value('to'), ...(organisation ? { organisation } : {}) }) });
    const said = await answer.json();
    if (answer.ok) location.assign(said.url);
    else providers.textContent = said.detail ?? 'That did not work.';
  };
  const offer = async () => {
    if ((await fetch('/api/v1/session')).ok) return location.replace(value('to'));
    const answer = await fetch('/api/v1/sign-in' + (organisation ? '?organisation=' + encodeURIComponent(organisation) : ''));
    if (!answer.ok) return;
    for (const { id, name } of (await answer.json()).items) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = 'Sign in with ' + name;
      button.addEventListener('click', () => go(id));
      providers.append(button);
    }
  };
  offer().catch(() => {});
}
