import { request } from 'node:https'

export interface RawCall {
  readonly method?: string
  readonly body?: unknown
  readonly contentType?: string
}

export interface RawAnswer {
  readonly status: number
  readonly body: any
}

/** One request as it is, past kubectl. */
export function rawCall(
  server: { readonly url: string; readonly ca: string; readonly token: string },
  path: string,
  { method = 'GET', body, contentType = 'application/json' }: RawCall = {},
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': contentType }
  request(`${server.url}${path}`, { method, headers, ca: server.ca, agent: false }, async (answer) => {
    const text = (await answer.setEncoding('utf8').toArray()).join('')
    resolve({ status: answer.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : text })
  })
    .on('error', reject)
    .end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
