// Equal values become one: which ones, for how long, and that nobody else is changed by it.
import { expect, test } from 'vitest';
import { isTwin, oncePerTwin, recentValues } from './twins.ts';

const spec = (image: string): Record<string, unknown> => ({ containers: [{ name: 'a', image, ports: [{ containerPort: 80 }] }], restartPolicy: 'Always' });

test('a value that equals one of the last few is that one', () => {
  const recent = recentValues();
  const form = { containers: [] };
  expect(recent.find(spec('one'))).toBeUndefined();
  recent.keep(spec('one'), form);
  expect(recent.find(spec('one'))).toBe(form);
  expect(recent.find({ restartPolicy: 'Always', containers: [{ image: 'one', name: 'a', ports: [{ containerPort: 80 }] }] })).toBe(form);
  expect(isTwin(form)).toBe(true);
  expect(isTwin(spec('one'))).toBe(false);
});

test('whatever differs is no twin', () => {
  const recent = recentValues();
  recent.keep(spec('one'), spec('one'));
  const others = [
    spec('two'), { ...spec('one'), nodeName: 'n' }, { containers: spec('one')['containers'] }, { ...spec('one'), restartPolicy: null }, { ...spec('one'), containers: {} },
    { ...spec('one'), containers: [] }, undefined, null, 'text', [spec('one')],
    JSON.parse('{"containers":[{"name":"a","image":"one","ports":[{"containerPort":80}]}],"__proto__":{}}'),
  ];
  for (const other of others) expect(recent.find(other)).toBeUndefined();
  const odd = JSON.parse('{"__proto__":{}}') as Record<string, unknown>;
  recent.keep(odd, odd);
  expect(recent.find({ x: 1 })).toBeUndefined();
});

test('what is met is copied: its owner may go on changing it', () => {
  const recent = recentValues();
  const first = spec('one');
  expect(recent.meet(first)).toBeUndefined();
  first['restartPolicy'] = 'Never';
  const twin = recent.meet(spec('one'));
  expect(twin).toEqual(spec('one'));
});

test('the oldest makes room, and values that never come again are looked at seldom, until one comes again', () => {
  const recent = recentValues();
  for (let i = 0; i < 5; i++) recent.keep(spec(`${i}`), spec(`${i}`));
  expect(recent.find(spec('0'))).toBeUndefined();
  expect(recent.find(spec('1'))).toBeDefined();
  for (let i = 0; i < 1_000; i++) recent.meet(spec(`new-${i}`));
  let met = 0;
  for (let i = 0; i < 100; i++) if (recent.meet(spec('again')) !== undefined) met++;
  expect(met).toBeGreaterThan(80);
});

test('what follows from a twin is found out once, from others every time', () => {
  const recent = recentValues();
  const once = oncePerTwin<number>();
  let times = 0;
  const form = spec('one');
  const other = spec('one');
  recent.keep(form, form);
  for (let i = 0; i < 3; i++) expect(once(form, () => ++times)).toBe(1);
  expect(once(other, () => ++times)).toBe(2);
  expect(once(other, () => ++times)).toBe(3);
});
