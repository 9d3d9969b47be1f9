// Structured logs, one JSON line each on stderr. Whoever owns a retry logs the error once; nobody else does.
import { pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry `fields`. */
  with(fields: LogFields): Log;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

function wrap(logger: pino.Logger): Log {
  const at = (level: Level) => (message: string, fields?: LogFields): void => {
    if (fields === undefined) logger[level](message);
    else logger[level](fields, message);
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger.child(fields)),
  };
}

/** Logs JSON lines to stderr. `level` as pino's: debug, info, warn, error, silent. */
export function jsonLog(name: string, level = 'info'): Log {
  const options: pino.LoggerOptions = {
    name,
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
  };
  return wrap(pino(options, pino.destination({ fd: 2, sync: true })).child({ program: name }));
}

/** Drops everything. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLog,
};
