// Authorizers in a row: the first that allows or denies decides. `system:masters` is let through before any is
// asked, so that no policy can lock the cluster's administrator out.
import type { Attributes, Verdict } from '../contract.ts';
import { aggregate, everything, joinRules, noRules, type RuleSource } from './rules.ts';

const allow: Verdict = { decision: 'allow', reason: '' };
const masters = 'system:masters';

/** @param authorizers asked anew with every request: a configuration file may change the row. */
export function unionAuthorizer(authorizers: readonly RuleSource[] | (() => readonly RuleSource[])): RuleSource {
  const row = typeof authorizers === 'function' ? authorizers : () => authorizers;
  const askLater = async (attributes: Attributes, first: Promise<Verdict>, rest: readonly RuleSource[], before: readonly Verdict[]): Promise<Verdict> => {
    const said = [...before, await first];
    for (let at = 0; at < rest.length && said.at(-1)?.decision === 'none'; at++) {
      const asked = rest[at]?.authorize(attributes);
      if (asked !== undefined) said.push(asked instanceof Promise ? await asked : asked);
    }
    return joined(said);
  };
  return {
    name: 'union',
    authorize(attributes) {
      if (attributes.user.groups.includes(masters)) return allow;
      const all = row();
      const said: Verdict[] = [];
      for (const [at, authorizer] of all.entries()) {
        const asked = authorizer.authorize(attributes);
        if (asked instanceof Promise) return askLater(attributes, asked, all.slice(at + 1), said);
        said.push(asked);
        if (asked.decision !== 'none') break;
      }
      return joined(said);
    },
    knownRules: (user, namespace) => joinRules(row(), user, namespace),
  };
}

/** The last word, or nobody's opinion with all reasons. */
function joined(said: readonly Verdict[]): Verdict {
  const last = said.at(-1);
  if (last !== undefined && (said.length === 1 || last.decision !== 'none')) return last;
  const error = aggregate(said.flatMap((verdict) => (verdict.error === undefined ? [] : [verdict.error])));
  return { decision: 'none', reason: said.flatMap((verdict) => (verdict.reason === '' ? [] : [verdict.reason])).join('\n'), ...(error === undefined ? {} : { error }) };
}

/** Lets everything through (--authorization-mode=AlwaysAllow). */
export const alwaysAllow: RuleSource = { name: 'AlwaysAllow', authorize: () => allow, knownRules: () => everything };

/** Refuses everything (--authorization-mode=AlwaysDeny). */
export const alwaysDeny: RuleSource = { name: 'AlwaysDeny', authorize: () => ({ decision: 'none', reason: 'Everything is forbidden.' }), knownRules: () => noRules };
