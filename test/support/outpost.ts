import type { OutpostConfig } from '#outposts/config/outpost-config.ts'
import type { OutpostKind } from '#outposts/kind.ts'
import { type RunningOutpost, runOutpost } from '#outposts/run-outpost.ts'
import type { Clock } from '#schema/kernel/clock.ts'
import { type Logger, silentLogger } from '#schema/kernel/logger.ts'
import { Secret } from '#schema/kernel/secret.ts'

export interface TestOutpost extends AsyncDisposable {
  readonly outpost: RunningOutpost
}

/** What an outpost is told about a core, on free ports. */
export function outpostConfig(coreUrl: string, token: string): OutpostConfig {
  const listen = (setting: string) => ({ host: '127.0.0.1', port: 0, setting })
  return {
    host: new URL(coreUrl),
    hostBrowser: undefined,
    token: new Secret(token),
    insecure: false,
    logLevel: 'error',
    listen: {
      http: listen('h'),
      https: listen('s'),
      ldap: listen('l'),
      ldaps: listen('t'),
      radius: listen('r'),
      metrics: listen('m'),
    },
    trustedProxyCidrs: ['127.0.0.0/8'],
  }
}

export interface TestOutpostOptions {
  readonly log?: Logger
  /** Instead of the system's. */
  readonly clock?: Clock
}

/** A real outpost process without the process: booted against a core, on free ports, ready to serve. */
export async function startOutpost(
  kind: OutpostKind,
  coreUrl: string,
  token: string,
  options: TestOutpostOptions = {},
): Promise<TestOutpost> {
  const started = await bootOutpost(kind, coreUrl, token, options)
  await started.outpost.ready
  return started
}

/** The same, but maybe never ready: its core may have yet to answer. */
export async function bootOutpost(
  kind: OutpostKind,
  coreUrl: string,
  token: string,
  { log = silentLogger, clock = { now: () => Date.now() } }: TestOutpostOptions = {},
): Promise<TestOutpost> {
  const stop = new AbortController()
  const started = Promise.withResolvers<RunningOutpost>()
  const ended = runOutpost(
    kind,
    outpostConfig(coreUrl, token),
    { log, clock, random: Math.random },
    { signal: stop.signal, started: started.resolve, graceMs: 500 },
  )
  ended.catch(started.reject)
  const outpost = await started.promise
  return {
    outpost,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
}

/** The token of an outpost's service account, by the outpost's name. */
export async function tokenOf(
  api: (method: string, path: string) => Promise<{ body: any }>,
  name: string,
): Promise<{ pk: string; token: string }> {
  const { body } = await api('GET', `/outposts/instances/?name__iexact=${name}`)
  const { pk, token_identifier } = body.results[0]
  return { pk, token: (await api('GET', `/core/tokens/${token_identifier}/view_key/`)).body.key }
}
