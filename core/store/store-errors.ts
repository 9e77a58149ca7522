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
