import { setTimeout as wait } from 'node:timers/promises'
import { createCoreClient, type Transport } from '#schema/client/core-client.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Secret } from '#schema/kernel/secret.ts'

const TIMEOUT_MS = 15_000

/** The platform's HTTP client, as a transport for calls to the core; none goes on after `end`. */
const fetchTransport =
  (end: readonly AbortSignal[]): Transport =>
  async ({ method, url, headers, body, signal }) => {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...end, ...(signal === undefined ? [] : [signal])]),
      ...(body === undefined ? {} : { body }),
    })
    return { status: answer.status, text: await answer.text(), etag: answer.headers.get('etag') ?? undefined }
  }

/** Calls to the core with a controller's token; those under way are given up when `end` aborts. */
export function coreClient(host: URL, token: Secret, end?: AbortSignal): CoreClient {
  const ends = end === undefined ? [] : [end]
  const sleep = (ms: number, within: AbortSignal | undefined) =>
    wait(ms, undefined, { signal: AbortSignal.any([...ends, ...(within === undefined ? [] : [within])]) })
  return createCoreClient(fetchTransport(ends), { host, token, random: Math.random, sleep })
}
