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
