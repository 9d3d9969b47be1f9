// Where a field's prose comes from: its own comment in either package, before the comment of its type.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { descriptionsFromModels } from './descriptions.ts';

test('fields that refer to a type have the comment of the second package', () => {
  const dir = mkdtempSync(join(tmpdir(), 'skiff-prose-'));
  try {
    writeFileSync(join(dir, 'V1Pod.d.ts'), "/**\n* A pod.\n*/\nexport declare class V1Pod {\n    /**\n    * Its name\\'s kind.\n    */\n    'kind'?: string;\n    'spec'?: V1PodSpec;\n}\n");
    mkdirSync(join(dir, 'core'));
    writeFileSync(join(dir, 'core', 'v1.d.ts'), 'export interface Pod {\n    /** Another text. */\n    kind?: "Pod";\n    /**\n     * What is wanted.\n     *\n     * More of it.\n     */\n    readonly spec?: PodSpec;\n}\n');
    const pod = descriptionsFromModels(dir, dir).of('core.v1.Pod');
    expect([pod?.description, Object.fromEntries(pod?.fields ?? [])]).toEqual(['A pod.', { kind: "Its name's kind.", spec: 'What is wanted.\n\nMore of it.' }]);
    expect(descriptionsFromModels(dir).of('core.v1.Pod')?.fields.has('spec')).toBe(false);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
