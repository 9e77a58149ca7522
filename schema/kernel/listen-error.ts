import { MartelloError } from './errors.ts'
import type { ListenAddress } from './settings.ts'

/** A socket cannot be opened; trying again without a change will not help. */
export class ListenError extends MartelloError {
  override readonly code = 'MRT_LISTEN'

  constructor({ host, port, setting }: ListenAddress, cause: unknown) {
    const why =
      cause instanceof Error && 'code' in cause
        ? cause.code === 'EADDRINUSE'
          ? 'it is taken'
          : String(cause.code)
        : 'unknown reason'
    super(
      `cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${why}; choose another with ${setting}`,
      { cause },
    )
  }
}
