// Random JSON: the careful parser agrees with the native one, and what is written is read back.
import { expect, test } from 'vitest';
import { seededRandom, type Random } from '#base/random.ts';
import { parseCarefully } from './json-parse.ts';
import { maxJsonDepth, parseJson, stringifyJson } from './json.ts';

function randomValue(random: Random, depth: number): unknown {
  const pick = Math.floor(random.next() * (depth > 4 ? 5 : 8));
  const texts = ['', 'a', '"\\\n\u2028é😀', '__proto__', 'constructor', '\u0000'];
  const text = (): string => texts[Math.floor(random.next() * texts.length)] ?? '';
  switch (pick) {
    case 0:
      return null;
    case 1:
      return random.next() < 0.5;
    case 2:
      return Math.floor((random.next() - 0.5) * 2 ** 53);
    case 3:
      return (random.next() - 0.5) * 10 ** Math.floor(random.next() * 40 - 20);
    case 4:
      return text();
    case 5:
      return Array.from({ length: Math.floor(random.next() * 4) }, () => randomValue(random, depth + 1));
    default: {
      const object: Record<string, unknown> = {};
      for (let i = Math.floor(random.next() * 4); i > 0; i--) {
        Object.defineProperty(object, text(), { value: randomValue(random, depth + 1), enumerable: true, writable: true, configurable: true });
      }
      return object;
    }
  }
}

test('both parsers read the same', () => {
  const seed = 20260101;
  const random = seededRandom(seed);
  for (let i = 0; i < 2000; i++) {
    const value = randomValue(random, 0);
    const text = JSON.stringify(value, null, i % 3);
    const careful = parseCarefully(text, maxJsonDepth);
    expect(JSON.stringify(careful.value), `seed ${seed}, round ${i}`).toBe(JSON.stringify(value));
    expect(careful.duplicates).toEqual([]);
    expect(stringifyJson(parseJson(text).value)).toBe(JSON.stringify(value));
  }
});

test('damaged texts are refused by both or by neither', () => {
  const seed = 7;
  const random = seededRandom(seed);
  const native = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const careful = (text: string): boolean => {
    try {
      parseCarefully(text, maxJsonDepth);
      return true;
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 3000; i++) {
    const text = JSON.stringify(randomValue(random, 0));
    const at = Math.floor(random.next() * text.length);
    const damaged = text.slice(0, at) + '{}[],:"\\0-e.x '.charAt(Math.floor(random.next() * 14)) + text.slice(at + (random.next() < 0.5 ? 1 : 0));
    expect(careful(damaged), `seed ${seed}, round ${i}: ${damaged}`).toBe(native(damaged));
  }
});
