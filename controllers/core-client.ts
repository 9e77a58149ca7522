import { setTimeout as wait } from 'node:timers/promises'
import { createCoreClient, type Transport } from '#schema/client/core-client.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Secret } from '#schema/kernel/secret.ts'

const TIMEOUT_MS = 15_000

/** The platform's HTTP client, as a transport for calls to the core. */
const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
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

/** Calls to the core with a controller's token. */
export function coreClient(host: URL, token: Secret): CoreClient {
  const sleep = (ms: number, within: AbortSignal | undefined) =>
    wait(ms, undefined, within === undefined ? {} : { signal: within })
  return createCoreClient(fetchTransport, { host, token, random: Math.random, sleep })
}
