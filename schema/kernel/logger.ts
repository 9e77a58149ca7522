export type LogFields = Readonly<Record<string, unknown>>

/**
 * Structured log: a constant sentence plus fields. `child` adds fields to every line,
 * and its `logger` field is the dotted path of the module.
 */
export interface Logger {
  trace(event: string, fields?: LogFields): void
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warning(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  child(fields: LogFields): Logger
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warning', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const nothing = () => {}

/** A logger that drops everything, for pure code and tests. */
export const silentLogger: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warning: nothing,
  error: nothing,
  child: () => silentLogger,
}
