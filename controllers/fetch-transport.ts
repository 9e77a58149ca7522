import type { Transport } from '#schema/client/core-client.ts'

const TIMEOUT_MS = 15_000

/** The platform's HTTP client, as a transport for calls to the core. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(url, {
    method,
    headers,
    redirect: 'manual',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body === undefined ? {} : { body }),
  })
  return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') ?? undefined }
}
