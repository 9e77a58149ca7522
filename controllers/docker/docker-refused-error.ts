import { MartelloError } from '#schema/kernel/errors.ts'

/** The Docker daemon said no. `serverMessage` is its own words, which may show values. */
export class DockerRefusedError extends MartelloError {
  override readonly code = 'MRT_DOCKER_REFUSED'
  readonly status: number
  readonly serverMessage: string

  constructor(asked: string, status: number, serverMessage: string) {
    super(`${asked}: Docker answered ${status}`, { retryable: status === 409 || status === 429 || status >= 500 })
    this.status = status
    this.serverMessage = serverMessage
  }
}
