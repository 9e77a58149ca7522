import { MartelloError } from '#schema/kernel/errors.ts'

/** The database cannot be opened: unreachable, refused credentials, or an unusable setting. */
export class DatabaseUnavailableError extends MartelloError {
  override readonly code = 'MRT_DATABASE_UNAVAILABLE'
}

/** The embedded database's folder is open in another process. */
export class DatabaseInUseError extends MartelloError {
  override readonly code = 'MRT_DATABASE_IN_USE'
}

/** The PostgreSQL server is older than the oldest one that is supported. */
export class DatabaseTooOldError extends MartelloError {
  override readonly code = 'MRT_DATABASE_TOO_OLD'
}

/** The database holds a schema that this version did not write: newer, or changed by hand. */
export class SchemaUnknownError extends MartelloError {
  override readonly code = 'MRT_SCHEMA_UNKNOWN'
}

/** The disk of the database is full, or so nearly that it takes only reads. */
export class DiskFullError extends MartelloError {
  override readonly code = 'MRT_DISK_FULL'

  constructor(cause?: unknown) {
    const detail = 'The disk of the core is full, or its database takes only reads: nothing is stored until that ends.'
    super(detail, { cause, retryable: true })
  }
}

/** PostgreSQL's names for why it did not do something (its manual, appendix A). */
const DISK_FULL = '53100'
const READ_ONLY = '25006'
/** A text or number that no column can hold: NUL, also inside of JSON, or out of range. */
const UNSTORABLE = new Set(['22021', '22P05', '22003'])

/** Whether a statement failed because the database takes no writes: for lack of room, or because it takes only reads. */
export function isDiskFull(error: unknown): boolean {
  const state = sqlStateOf(error)
  return error instanceof DiskFullError || state === DISK_FULL || state === READ_ONLY
}

/** Whether a statement failed for a value that the database cannot hold, and so has nowhere. */
export function isUnstorable(error: unknown): boolean {
  return UNSTORABLE.has(sqlStateOf(error) ?? '')
}

/** What PostgreSQL called the error, which a query builder may have wrapped. */
function sqlStateOf(error: unknown): string | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++)
    if ('code' in each && typeof each.code === 'string' && /^[0-9A-Z]{5}$/.test(each.code)) return each.code
  return undefined
}
