import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import type { ClusterConnection, HttpAnswer, HttpCall } from './cluster-connection.ts'
import { type Asked, ClusterRefusedError } from './cluster-refused-error.ts'

/** One request, with what it is in RBAC's words. */
export interface Question extends Asked {
  readonly method: HttpCall['method']
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
}

/** Questions to an API server and their answers as JSON; what it refuses is a ClusterRefusedError. */
export class ClusterCaller {
  readonly #connection: ClusterConnection

  constructor(connection: ClusterConnection) {
    this.#connection = connection
  }

  async ask(question: Question, signal: AbortSignal): Promise<unknown> {
    const answer = await this.#connection.send(callOf(question), signal)
    if (answer.status >= 200 && answer.status < 300) return jsonOf(answer.text)
    throw refusal(answer, question)
  }

  /** Undefined for what is not there. */
  async find(question: Question, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.ask(question, signal)
    } catch (error) {
      if (error instanceof ClusterRefusedError && error.status === 404) return undefined
      throw error
    }
  }

  /** The lines of an answer that goes on; ends when nothing came for `silentMs`. */
  async *follow(question: Question, silentMs: number, signal: AbortSignal): AsyncGenerator<unknown> {
    for await (const line of this.#connection.lines(callOf(question), silentMs, signal)) {
      if (line.status !== 200) throw refusal(line, question)
      yield jsonOf(line.text)
    }
  }
}

function callOf({ method, path, query, body, contentType = 'application/json', accept }: Question): HttpCall {
  const headers = {
    ...(accept === undefined ? {} : { accept }),
    ...(body === undefined ? {} : { 'content-type': contentType }),
  }
  const search = query === undefined ? '' : `?${new URLSearchParams(query)}`
  return { method, path: path + search, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
}

function refusal({ status, text }: HttpAnswer, { verb, resource, namespace }: Question): Error {
  // Tokens are renewed, and rights given back, without anybody touching the connection.
  if (status === 401)
    return new ServiceConnectionError('the cluster does not accept the credentials (401)', { retryable: true })
  return new ClusterRefusedError(status, jsonOf(text), { verb, resource, namespace })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
