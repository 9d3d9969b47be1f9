// A bound on users' patterns before they are compiled: what Go would refuse is refused before it costs anything.

/** Groups within groups, beyond which Go takes no pattern: each level costs memory before it is known that one is open. */
const deepest = 1000;

/** Throws Go's error for groups that nest deeper; what else is wrong the compiler tells. */
export function refuseDeep(pattern: string): void {
  if (pattern.length <= deepest) return;
  let depth = 0;
  let isClass = false;
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i];
    if (character === '\\') i++;
    else if (isClass) isClass = character !== ']';
    else if (character === '[') isClass = true;
    else if (character === ')') depth--;
    else if (character === '(' && ++depth > deepest) throw new Error(`error parsing regexp: expression nests too deeply: \`${pattern}\``);
  }
}
