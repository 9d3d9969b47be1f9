// When events of containers are passed on: simulated time, and a CRI that answers what the test says.
import { expect, test } from 'vitest';
import { createVirtualWorld } from '#testing';
import type { RuntimeEvent } from '../contract.ts';
import type { GrpcService } from '../grpc.ts';
import { RuntimeError } from '../runtime-error.ts';
import { inAgreement } from './agreement.ts';

type Answer = 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'SANDBOX_READY' | 'SANDBOX_NOTREADY' | RuntimeError;

/** `answer` says at which second what is told of an id; a sandbox is not found as a container, and the reverse. */
function setUp(answer: (second: number, id: string) => Answer) {
  const world = createVirtualWorld();
  const startMs = world.clock.monotonic();
  const stop = new AbortController();
  const passed: string[] = [];
  const asked = new Map<string, number>();
  const second = (): number => (world.clock.monotonic() - startMs) / 1000;
  const call = async (method: string, request: object): Promise<object> => {
    const id = String(Object.values(request)[0]);
    if (method === 'ContainerStatus') asked.set(id, (asked.get(id) ?? 0) + 1);
    const state = answer(second(), id);
    if (state instanceof RuntimeError) throw state;
    if (state.startsWith('SANDBOX') !== (method === 'PodSandboxStatus')) throw new RuntimeError('NOT_FOUND', id);
    return { status: { state } };
  };
  const unused = (): never => {
    throw new Error('no streams here');
  };
  const cri: GrpcService = { call: call as GrpcService['call'], serverStream: unused, duplexStream: unused, close() {} };
  const pass = inAgreement(world, cri, stop.signal, ({ kind, id }) => passed.push(`${kind} ${id} ${second() < 10 ? 'early' : 'late'}`));
  const tell = (id: string, ...kinds: RuntimeEvent['kind'][]): void => kinds.forEach((kind) => pass({ kind, id }));
  return { world, stop, passed, asked, tell, clock: world.clock };
}

test('a stop is passed on when the status agrees, which may take long; what does not stop is not held back', async () => {
  const { clock, passed, tell, asked } = setUp((second, id) => (id === 'slow' && second < 10 ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED'));
  tell('slow', 'created', 'started', 'stopped');
  tell('quick', 'created', 'started', 'stopped');
  await clock.advance('9s');
  expect(passed).toEqual(['created slow early', 'started slow early', 'created quick early', 'started quick early', 'stopped quick early']);
  await clock.advance('2s');
  expect(passed.slice(5)).toEqual(['stopped slow late']);
  expect(asked.get('slow')).toBeLessThan(30);
  expect(clock.pendingTimers).toBe(0);
});

test('the status of a sandbox counts as well', async () => {
  const { clock, passed, tell } = setUp((second) => (second < 10 ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY'));
  tell('s', 'stopped');
  await clock.advance('9s');
  expect(passed).toEqual([]);
  await clock.advance('2s');
  expect(passed).toEqual(['stopped s late']);
});

test.each(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'UNKNOWN'] as const)('a call that fails with %s is no agreement', async (code) => {
  const { clock, passed, tell } = setUp((second) => (second < 3 ? 'CONTAINER_RUNNING' : second < 10 ? new RuntimeError(code, 'a hiccup') : 'CONTAINER_EXITED'));
  tell('a', 'stopped');
  await clock.advance('9s');
  expect(passed).toEqual([]);
  await clock.advance('2s');
  expect(passed).toEqual(['stopped a late']);
});

test('what is gone does not run', async () => {
  const { clock, passed, tell } = setUp((second) => (second < 1 ? 'CONTAINER_RUNNING' : new RuntimeError('NOT_FOUND', 'gone')));
  tell('a', 'stopped');
  await clock.advance('3s');
  expect(passed).toEqual(['stopped a early']);
});

test('events of one id keep their order, and wait for one agreement however many come', async () => {
  const { clock, passed, asked, tell } = setUp((second, id) => (id === 'a' && second < 10 ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED'));
  tell('a', 'stopped');
  tell('b', 'stopped', 'deleted');
  for (let i = 0; i < 100; i++) tell('a', 'oom', 'stopped', 'deleted');
  await clock.settle();
  expect([...asked]).toEqual([['a', 1], ['b', 1]]);
  await clock.advance('11s');
  expect(passed).toEqual(['stopped b early', 'deleted b early', 'stopped a late', 'oom a late', 'deleted a late']);
});

test('who listens no more is told nothing, and nothing is asked any more', async () => {
  const { clock, passed, asked, stop, tell } = setUp((second) => (second < 10 ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED'));
  tell('a', 'stopped', 'deleted');
  await clock.advance('1s');
  const before = asked.get('a');
  stop.abort();
  tell('b', 'created');
  await clock.advance('20s');
  expect([passed, asked.get('a'), clock.pendingTimers]).toEqual([[], before, 0]);
});

test('after five minutes the event is passed on all the same', async () => {
  const { clock, world, passed, tell } = setUp(() => 'CONTAINER_RUNNING');
  tell('a', 'stopped', 'deleted');
  await clock.advance('299s');
  expect(passed).toEqual([]);
  await clock.advance('2s');
  expect(passed).toEqual(['stopped a late', 'deleted a late']);
  expect(world.lines.map(({ message }) => message)).toEqual(['the runtime still says that a stopped container runs']);
});
