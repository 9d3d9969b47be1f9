// Probes and lifecycle hooks: exactly one handler each, and the numbers around it.
import type { ExecAction, GRPCAction, HTTPGetAction, Lifecycle, PodOS, Probe, SleepAction, TCPSocketAction } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { httpHeaderNameErrors } from '../../names.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { checkEnum, checkPortOrName } from './fields.ts';

interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: GRPCAction;
  readonly sleep?: SleepAction;
}

function checkHandler(handler: Handler, gracePeriod: number | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const checks: Readonly<Record<keyof Handler, (at: string) => FieldError[]>> = {
    exec: (at) => ((handler.exec?.command ?? []).length === 0 ? [required(child(at, 'command'), '')] : []),
    httpGet: (at) => checkHttpGet(handler.httpGet, at),
    tcpSocket: (at) => checkPortOrName(handler.tcpSocket?.port, child(at, 'port')),
    grpc: (at) => checkPortOrName(handler.grpc?.port, child(at, 'port')),
    sleep: (at) => checkSleep(handler.sleep?.seconds ?? 0, gracePeriod, at),
  };
  let count = 0;
  for (const kind of ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const) {
    if (handler[kind] === undefined || handler[kind] === null) continue;
    const at = child(path, kind);
    if (count > 0) errors.push(forbiddenField(at, 'may not specify more than 1 handler type'));
    else addAll(errors, checks[kind](at));
    count++;
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

function checkHttpGet(action: HTTPGetAction | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((action?.path ?? '') === '') errors.push(required(child(path, 'path'), ''));
  addAll(errors, checkPortOrName(action?.port, child(path, 'port')));
  addAll(errors, checkEnum(action?.scheme ?? '', ['HTTP', 'HTTPS'], child(path, 'scheme')));
  for (const header of action?.httpHeaders ?? []) {
    for (const message of httpHeaderNameErrors(header.name)) errors.push(invalidValue(child(path, 'httpHeaders'), header.name, message));
  }
  return errors;
}

function checkSleep(seconds: number, gracePeriod: number | undefined, path: string): FieldError[] {
  if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return [];
  return [invalidValue(path, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`)];
}

export function checkProbe(kind: 'liveness' | 'readiness' | 'startup', probe: Probe | undefined, gracePeriod: number | undefined, path: string): FieldError[] {
  if (probe === undefined || probe === null) return [];
  const errors = checkHandler(probe, gracePeriod, path);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    const value = probe[field] ?? 0;
    if (value < 0) addAll(errors, nonNegative(value, child(path, field)));
  }
  const grace = probe.terminationGracePeriodSeconds ?? undefined;
  const gracePath = child(path, 'terminationGracePeriodSeconds');
  if (grace !== undefined && grace <= 0) errors.push(invalidValue(gracePath, grace, 'must be greater than 0'));
  if (kind === 'readiness') {
    if (grace !== undefined) errors.push(invalidValue(gracePath, grace, 'must not be set for readinessProbes'));
  } else if ((probe.successThreshold ?? 0) !== 1) {
    errors.push(invalidValue(child(path, 'successThreshold'), probe.successThreshold ?? 0, 'must be 1'));
  }
  return errors;
}

const windowsSignals = ['SIGKILL', 'SIGTERM'];
const plainSignals =
  'SIGABRT SIGALRM SIGBUS SIGCHLD SIGCLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIGRTMIN SIGRTMAX';
const linuxSignals: readonly string[] = [
  ...plainSignals.split(' '),
  ...Array.from({ length: 15 }, (_, i) => `SIGRTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `SIGRTMAX-${i + 1}`),
].sort();

export function checkLifecycle(lifecycle: Lifecycle | undefined, gracePeriod: number | undefined, path: string, os: PodOS | undefined): FieldError[] {
  if (lifecycle === undefined || lifecycle === null) return [];
  const errors: FieldError[] = [];
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[hook];
    if (handler) addAll(errors, checkHandler(handler, gracePeriod, child(path, hook)));
  }
  const signal = lifecycle.stopSignal ?? undefined;
  if (signal === undefined) return errors;
  const at = child(path, 'stopSignal');
  if (os === undefined) return [...errors, forbiddenField(at, 'may not be set for containers with empty `spec.os.name`')];
  const supported = os.name === 'windows' ? windowsSignals : os.name === 'linux' ? linuxSignals : undefined;
  if (supported !== undefined && !supported.includes(signal)) errors.push(notSupported(at, signal, supported));
  return errors;
}
