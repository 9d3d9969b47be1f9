// $(NAME) references in values, commands and arguments: known names are replaced, unknown ones stay as they
// are, $$ is one dollar sign (so $$(NAME) is never replaced). Upstream's third_party/forked/golang/expansion.

/** Replaces every reference that `lookup` knows. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c !== '$' || at + 1 >= text.length) {
      out += c;
      continue;
    }
    const next = text.charAt(at + 1);
    if (next === '$') {
      out += '$';
      at++;
    } else if (next === '(') {
      const end = text.indexOf(')', at + 2);
      if (end < 0) {
        out += '$(';
        at++;
        continue;
      }
      const name = text.slice(at + 2, end);
      out += lookup(name) ?? `$(${name})`;
      at = end;
    } else {
      out += `$${next}`;
      at++;
    }
  }
  return out;
}

/** For subPathExpr: every reference must be known. */
export function expandStrict(text: string, lookup: (name: string) => string | undefined): string {
  const missing: string[] = [];
  const result = expand(text, (name) => {
    const value = lookup(name);
    if (value === undefined || value === '') missing.push(name);
    return value ?? '';
  });
  if (missing.length > 0) throw new Error(`missing value for "${missing[0]}"`);
  return result;
}
