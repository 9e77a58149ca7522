import { MartelloError } from '#schema/kernel/errors.ts'

/** What people are told of a failure: what was meant for them, or where to look. */
export const reasonOf = (error: unknown): string =>
  error instanceof MartelloError ? error.detail : 'the controller itself is in trouble; its log says more'
