// What is told of values as large as objects is spelled once, however often the answer tells it.
import { expect, test } from 'vitest';
import { invalidValue } from './field-errors.ts';
import { invalid } from './status.ts';

test('a bad value is spelled once', () => {
  let spelled = 0;
  const value = {
    toJSON(): object {
      spelled++;
      return { a: '<' };
    },
  };
  const { message, status } = invalid({ group: '', kind: 'Any' }, 'x', [invalidValue('spec.a', value, 'is bad')]);
  expect(message).toBe('Any "x" is invalid: spec.a: Invalid value: {"a":"\\u003c"}: is bad');
  expect(status.details?.causes?.[0]?.message).toBe('Invalid value: {"a":"\\u003c"}: is bad');
  expect(spelled).toBe(1);
});
