import { MartelloError } from '#schema/kernel/errors.ts'

/** Something to be sent does not fit into RADIUS; it is never cut to fit. */
export class RadiusEncodeError extends MartelloError {
  override readonly code = 'MRT_RADIUS_ENCODE'
  readonly shortfallOctets: number

  constructor(what: 'packet' | 'attribute' | 'password', neededOctets: number, availableOctets: number) {
    super(`${what} of ${neededOctets} octets, ${availableOctets} are possible`)
    this.shortfallOctets = neededOctets - availableOctets
  }
}
