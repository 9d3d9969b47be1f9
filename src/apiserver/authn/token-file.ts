// Static tokens (--token-auth-file): CSV lines of token, user name, UID and, quoted, a list of groups. Read once at
// start; the errors are those of upstream's reader.
import { parseCsv } from './csv.ts';
import type { Identity } from '../contract.ts';
import type { TokenCheck } from './token-checks.ts';

/** @param warn hears about lines that are passed over. Throws an Error that names the file and what is wrong with it. */
export function readTokenFile(path: string, text: string, warn: (message: string) => void = () => {}): ReadonlyMap<string, Identity> {
  const users = new Map<string, Identity>();
  for (const [at, record] of parseCsv(text).entries()) {
    if (record.length < 3) throw new Error(`token file '${path}' must have at least 3 columns (token, user name, user uid), found ${record.length}`);
    const [token = '', name = '', uid = '', groups] = record;
    if (token === '') {
      warn(`empty token has been found in token file '${path}', record number '${at + 1}'`);
      continue;
    }
    if (users.has(token)) warn(`duplicate token has been found in token file '${path}', record number '${at + 1}'`);
    users.set(token, { name, uid, groups: groups === undefined ? [] : groups.split(',') });
  }
  return users;
}

export function staticTokenCheck(users: ReadonlyMap<string, Identity>): TokenCheck {
  return ({ token }) => {
    const identity = users.get(token);
    return identity === undefined ? undefined : { identity };
  };
}
