// Audit events as lines of a file or of the standard output.
import type { World } from '#base/world.ts';
import type { AuditBackend } from './backend.ts';
import { eventJson, eventLegacy } from './event.ts';
import { openLogFile, type LogFileOptions } from './log-file.ts';
import type { AuditMetrics } from './metrics.ts';

export interface LogBackendOptions extends LogFileOptions {
  readonly format: 'json' | 'legacy';
}

export function logBackend(world: World, options: LogBackendOptions, metrics: AuditMetrics): AuditBackend {
  const file = openLogFile(world, options);
  const line = options.format === 'json' ? eventJson : (event: Parameters<typeof eventLegacy>[0]): string => `${eventLegacy(event)}\n`;
  return {
    name: 'log',
    record(events) {
      let all = true;
      for (const event of events) {
        try {
          file.write(line(event));
        } catch (error) {
          metrics.failed('log', error, [event]);
          all = false;
        }
      }
      return all;
    },
    close: () => file.close(),
  };
}
