import { MartelloError } from './errors.ts'
import { addressText } from './listen-address.ts'
import type { ListenAddress } from './settings.ts'

/** A socket cannot be opened; trying again without a change will not help. */
export class ListenError extends MartelloError {
  override readonly code = 'MRT_LISTEN'

  constructor(address: ListenAddress, cause: unknown) {
    const why =
      cause instanceof Error && 'code' in cause
        ? cause.code === 'EADDRINUSE'
          ? 'it is taken'
          : String(cause.code)
        : 'unknown reason'
    super(`cannot listen on ${addressText(address)}: ${why}; choose another with ${address.setting}`, { cause })
  }
}
