/**
 * Base of every error that Martello raises on purpose.
 * `code` identifies it (never parse a message), `detail` is safe to show to the peer,
 * `cause` is for the log only, `retryable` says whether the same call may succeed later.
 */
export abstract class MartelloError extends Error {
  abstract readonly code: `MRT_${string}`
  readonly detail: string
  readonly retryable: boolean

  constructor(detail: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.detail = detail
    this.retryable = options.retryable ?? false
  }
}

/** A configuration that cannot be used; `problems` names every mistake at once. */
export class ConfigError extends MartelloError {
  override readonly code = 'MRT_CONFIG'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`configuration: ${problems.join('; ')}`)
    this.problems = problems
  }
}

/** What to tell the person who started a process of ours: each problem of a configuration, else the one detail. */
export function problemsOf(error: MartelloError): readonly string[] {
  return error instanceof ConfigError ? error.problems : [error.detail]
}

/** The core did not answer, or answered with something that is not the API. */
export class CoreUnreachableError extends MartelloError {
  override readonly code = 'MRT_CORE_UNREACHABLE'

  constructor(detail: string, cause?: unknown) {
    super(detail, { cause, retryable: true })
  }
}

/** The core answered with an error status; `body` is the parsed error body. */
export class CoreRefusedError extends MartelloError {
  override readonly code = 'MRT_CORE_REFUSED'
  readonly status: number
  readonly body: unknown

  constructor(status: number, body: unknown) {
    super(`the core answered ${status}`, { retryable: status === 429 || status >= 500 })
    this.status = status
    this.body = body
  }
}
