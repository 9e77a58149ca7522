import { MartelloError } from '#schema/kernel/errors.ts'

/** Nothing is there, or nothing that the caller may see. */
export class NotFoundError extends MartelloError {
  override readonly code = 'MRT_NOT_FOUND'

  constructor(detail = 'Not found.') {
    super(detail)
  }
}

/** The caller is not signed in, or may not do this. */
export class ForbiddenError extends MartelloError {
  override readonly code = 'MRT_FORBIDDEN'

  constructor(detail = 'You do not have permission to perform this action.') {
    super(detail)
  }
}

/** The request is wrong: `fields` names what, field by field, as REST clients expect it. */
export class ValidationFailedError extends MartelloError {
  override readonly code = 'MRT_VALIDATION'
  readonly fields: FieldErrors

  constructor(fields: FieldErrors) {
    super('the request is not valid')
    this.fields = fields
  }
}

/** Messages by field; nested objects nest, and what belongs to no field is under `non_field_errors`. */
export interface FieldErrors {
  readonly [field: string]: readonly string[] | FieldErrors
}

/** The request cannot be read: not JSON, too large, of a wrong type, or asked with a wrong method. */
export class BadRequestError extends MartelloError {
  override readonly code = 'MRT_BAD_REQUEST'
  readonly status: number

  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}
