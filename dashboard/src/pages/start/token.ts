// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The token of a new grant, on its way from the page that makes it to the page that shows it. In this page's memory alone: it is
// in no storage and no address, and a refresh forgets it.
const tokens = new Map<string, string>();

export const keepToken = (grant: string, token: string): void => {
  tokens.clear();
  if (token !== '') tokens.set(grant, token); // a repeated request has none
};
export const tokenOf = (grant: string): string | undefined => tokens.get(grant);
