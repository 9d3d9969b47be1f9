// Strategic merge patches with every directive, as upstream's strategicpatch answered them (recorded from 1.36): the
// type, the object, the patch, and the object after it or the error.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { strategicMergePatch } from './strategic-merge.ts';

type Row = readonly [type: string, live: KubeObject, patch: unknown, expected: { readonly object?: unknown; readonly error?: string }];

const rows = JSON.parse(readFileSync(new URL('testdata/strategic.json', import.meta.url), 'utf8')) as Row[];

function lines(text: string): string[] {
  return text.split('\n').sort();
}

describe('strategic merge patch, recorded', () => {
  test.each(rows.map((row) => ({ row, name: `${row[0]} ${JSON.stringify(row[2])}` })))('$name', ({ row: [type, live, patch, expected] }) => {
    if (expected.error === undefined) {
      expect(strategicMergePatch(type, live, patch)).toEqual(expected.object);
      return;
    }
    try {
      strategicMergePatch(type, live, patch);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      expect(lines(error.message)).toEqual(lines(expected.error));
      return;
    }
    throw new Error('nothing was thrown');
  });
});
