// Auditing as the chain sees it: one step behind authentication. Without a policy there is no auditor and no step.
import { internalError } from '#machinery';
import type { World } from '#base/world.ts';
import type { Attributes } from '../contract.ts';
import type { Call } from '../request/call.ts';
import type { AuditBackend } from './backend.ts';
import { createAuditMetrics, type AuditMetrics } from './metrics.ts';
import { createEvaluator, type Policy } from './policy.ts';
import { createTrail } from './trail.ts';

export interface Auditor {
  /** Who asks is known: decides what is recorded, and records that the request has come. Throws 500 in strict mode. */
  begin(call: Call, attributes: Attributes): Promise<void> | void;
  /** Nobody could be told: what is refused now is recorded as a failed authentication. */
  unauthenticated(call: Call, attributes: Attributes): void;
  /** Writes what is buffered. */
  close(): Promise<void>;
}

export interface AuditorOptions {
  readonly policy: Policy;
  /** Made with the metrics that its failures are counted by. */
  readonly backend: (metrics: AuditMetrics) => AuditBackend;
}

export function createAuditor(world: World, options: AuditorOptions): Auditor {
  const metrics = createAuditMetrics(world);
  const backend = options.backend(metrics);
  const evaluator = createEvaluator(options.policy);
  const parts = { world, backend, metrics };
  const refuse = (): never => {
    metrics.rejected();
    throw internalError(new Error('failed to store audit event'));
  };
  return {
    begin(call, attributes) {
      const decision = evaluator.decide(attributes);
      metrics.decided(decision.level);
      if (decision.level === 'None') return undefined;
      const { exchange } = call;
      const trail = createTrail(parts, call, decision, call.user, world.clock.now());
      const recorded = trail.stage('RequestReceived');
      const go = (all: boolean): void => {
        if (all) {
          call.audit = trail;
          return;
        }
        call.exchange = exchange;
        refuse();
      };
      return recorded instanceof Promise ? recorded.then(go) : go(recorded);
    },
    unauthenticated(call, attributes) {
      const decision = evaluator.decide(attributes);
      metrics.decided(decision.level);
      if (decision.level === 'None') return;
      const { exchange } = call;
      const trail = createTrail(parts, call, decision, undefined, world.clock.now());
      call.exchange = exchange;
      trail.responseStatus({ code: 401, message: attempted(call) });
      void trail.stage('ResponseStarted');
    },
    close: () => backend.close(),
  };
}

/** Which credentials were shown. */
function attempted({ exchange }: Call): string {
  const methods: string[] = [];
  const authorization = exchange.headers.authorization ?? '';
  if (authorization.startsWith('Basic ')) methods.push('basic');
  if (/^bearer /i.test(authorization)) methods.push('bearer');
  if (/[?&]access_token=/.test(exchange.url)) methods.push('access_token');
  if (exchange.peer.certificate !== undefined || exchange.peer.certificateError !== undefined) methods.push('x509');
  return methods.length === 0 ? 'Authentication failed, no credentials provided' : `Authentication failed, attempted: ${methods.join(', ')}`;
}
