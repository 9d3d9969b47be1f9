// Quantities: canonical texts, refusals and arithmetic.
import { expect, test } from 'vitest';
import { addQuantity, canonicalQuantity, compareQuantity, formatQuantity, parseQuantity, quantityMilliValue, quantityValue, subQuantity } from './quantity.ts';

test.each([
  ['0', '0'], ['0.0', '0'], ['100m', '100m'], ['1.5', '1500m'], ['0.5', '500m'], ['1000m', '1'], ['1000', '1k'], ['1024', '1024'], ['1500', '1500'],
  ['1.5Gi', '1536Mi'], ['1Gi', '1Gi'], ['1024Mi', '1Gi'], ['1025Mi', '1025Mi'], ['0.5Ki', '512'], ['1e3', '1e3'], ['12e6', '12e6'], ['1000e3', '1e6'], ['0.1m', '100u'],
  ['1.0001n', '2n'], ['-1.5', '-1500m'], ['16Ei', '9223372036854775807'], ['3.0', '3'], ['100000000', '100M'], ['0.1Mi', '104857600m'], ['2E', '2E'], ['1e30', '1e30'],
])('%s is written %s', (text, canonical) => expect(canonicalQuantity(text)).toBe(canonical));

test.each(['', 'abc', '1x', '1.2.3', '1 Gi', '--1', '1e', '1Gib', '1e9999999'])('%j is refused', (text) => {
  expect(() => parseQuantity(text)).toThrow(/quantit/);
});

test('amounts are compared and added across notations', () => {
  const q = parseQuantity;
  expect(compareQuantity(q('1Gi'), q('1024Mi'))).toBe(0);
  expect(compareQuantity(q('100m'), q('0.2'))).toBe(-1);
  expect(formatQuantity(addQuantity(q('1Gi'), q('512Mi')))).toBe('1536Mi');
  expect(formatQuantity(subQuantity(q('1'), q('100m')))).toBe('900m');
  expect(quantityMilliValue(q('1.5'))).toBe(1500);
  expect(quantityMilliValue(q('1u'))).toBe(1);
  expect(quantityValue(q('1500m'))).toBe(2);
});
