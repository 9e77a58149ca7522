import type { LogFields, Logger, LogLevel } from './logger.ts'

/** The part of a pino logger that is used; each process makes one in its `main.ts`. */
export interface LogSink {
  trace(fields: object, event: string): void
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
}

/** Options for pino: JSON lines with the keys that operators of authentik parse already. */
export function sinkOptions(level: LogLevel) {
  return {
    level: level === 'warning' ? 'warn' : level,
    base: null,
    messageKey: 'event',
    timestamp: () => `,"timestamp":"${new Date(performance.timeOrigin + performance.now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label === 'warn' ? 'warning' : label }) },
  }
}

/** Our logger over a sink; `always` is on every line, and errors are written with code, message, stack and cause. */
export function loggerOver(sink: LogSink, always: LogFields = {}): Logger {
  const fields = (given: LogFields = {}) =>
    Object.fromEntries(Object.entries({ ...always, ...given }).map(([name, value]) => [name, printable(value)]))
  return {
    trace: (event, given) => sink.trace(fields(given), event),
    debug: (event, given) => sink.debug(fields(given), event),
    info: (event, given) => sink.info(fields(given), event),
    warning: (event, given) => sink.warn(fields(given), event),
    error: (event, given) => sink.error(fields(given), event),
    child: (given) => loggerOver(sink, { ...always, ...given }),
  }
}

function printable(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error) || depth > 4) return value instanceof Error ? value.message : value
  const { name, stack, cause } = value
  // A query builder puts the values of a failed statement, secrets among them, behind its text.
  const message = 'params' in value ? value.message.split('\nparams: ')[0]! : value.message
  const code = 'code' in value ? { code: value.code } : {}
  return {
    name,
    message,
    ...code,
    stack: stack?.replace(value.message, () => message),
    ...(cause === undefined ? {} : { cause: printable(cause, depth + 1) }),
  }
}
