import { MartelloError } from '#schema/kernel/errors.ts'

/** A service connection that cannot be used as it is: its settings have to change. */
export class ServiceConnectionError extends MartelloError {
  override readonly code = 'MRT_SERVICE_CONNECTION'
}

/** A cluster or daemon that does not answer; tried again. */
export class TargetUnreachableError extends MartelloError {
  override readonly code = 'MRT_TARGET_UNREACHABLE'

  constructor(detail: string, cause?: unknown) {
    super(detail, { cause, retryable: true })
  }
}

/** Something of a deployment is not as it should be yet; its objects say what. Tried again. */
export class DeploymentPendingError extends MartelloError {
  override readonly code = 'MRT_DEPLOYMENT_PENDING'

  constructor(detail: string) {
    super(detail, { retryable: true })
  }
}
