// SPDX-FileCopyrightText: 2026 The Sallyport authors
// SPDX-License-Identifier: Apache-2.0
//
// The forms of all parts of a policy at once, with those of some tools' rules.
import { EveryTool, General, Methods, TopResults } from '../../src/pages/policies/sections/sections';
import { Others } from '../../src/pages/policies/sections/Others';
import { Rule } from '../../src/pages/policies/rules/Rule';
import { Runaway } from '../../src/pages/policies/sections/Runaway';

export function AllForms({ tools }: { tools: readonly string[] }) {
  return (
    <>
      <General />
      <EveryTool />
      <TopResults />
      <Others place="resources" />
      <Others place="prompts" />
      <Methods />
      <Runaway />
      {tools.map((name) => (
        <Rule key={name} path={['tools', name]} keep={2} />
      ))}
    </>
  );
}
