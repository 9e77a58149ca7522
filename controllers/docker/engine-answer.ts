import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { TargetUnreachableError } from '#controllers/target/target-error.ts'
import { DockerRefusedError } from './docker-refused-error.ts'
import type { EngineRequest } from './engine-api.ts'

const MAX_ANSWER_OCTETS = 16 * 1024 * 1024

const errorShape = z.object({ message: z.string() })

export interface EngineAnswer {
  readonly status: number
  readonly body: unknown
  readonly octets: Buffer
}

/** The whole of an answer; rejects with a TargetUnreachableError when it breaks off or does not end. */
export async function bounded(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let octets = 0
  try {
    for await (const part of response) {
      octets += part.length
      if (octets > MAX_ANSWER_OCTETS) throw new Error('the answer is too long')
      parts.push(part)
    }
  } catch (cause) {
    throw new TargetUnreachableError('Docker did not finish its answer', cause)
  }
  return Buffer.concat(parts)
}

/** What was answered; throws a DockerRefusedError for an error that is not an answer to this. */
export function understood(
  { method = 'GET', path, expect = [] }: EngineRequest,
  status: number,
  octets: Buffer,
): EngineAnswer {
  const body = asJson(octets)
  if (status >= 400 && !expect.includes(status))
    throw new DockerRefusedError(`${method} ${path}`, status, errorShape.safeParse(body).data?.message ?? '')
  return { status, body, octets }
}

function asJson(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString())
  } catch {
    return undefined
  }
}

/** A value of JSON per line, as they come; rejects with a TargetUnreachableError when they break off. */
export async function* jsonLines(response: IncomingMessage): AsyncGenerator<unknown> {
  let text = ''
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${text}${chunk}`.split('\n')
      text = lines.pop() ?? ''
      if (text.length > MAX_ANSWER_OCTETS) throw new Error('a line does not end')
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line)
    }
  } catch (cause) {
    throw new TargetUnreachableError('Docker did not finish its answer', cause)
  }
}
