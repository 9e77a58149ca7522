import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { CustomResourcesConfig } from '#controllers/config/controller-config.ts'
import { coreClient } from '#controllers/core-client.ts'
import { ClusterApi } from '#controllers/kubernetes/api.ts'
import { ClusterConnection } from '#controllers/kubernetes/cluster-connection.ts'
import { type Credentials, credentialsOf } from '#controllers/kubernetes/credentials.ts'
import { readCredentials } from '#controllers/kubernetes/open-kubernetes-target.ts'
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { Clock, Random } from '#schema/kernel/clock.ts'
import { MartelloError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import { CustomResourceFrontEnd } from './front-end.ts'

const PATH = '/outposts/service_connections/kubernetes/'
const listShape = z.object({ results: z.array(z.looseObject({ pk: z.string(), name: z.string() })) })

export interface CustomResourcesOptions {
  readonly config: CustomResourcesConfig
  /** With the controller's own token, which may see service connections. */
  readonly core: CoreClient
  readonly host: URL
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A cluster or core that could not be reached, or a connection that somebody has to mend, is tried again after this. */
const AGAIN_MS = 15_000

/** Brings custom resources into the core until the signal aborts; trouble with them is nobody else's. */
export async function runCustomResources(options: CustomResourcesOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await runOnce(options, signal)
    } catch (cause) {
      if (!(cause instanceof MartelloError)) throw cause
      options.log.error('custom resources cannot be read; tried again', { cause, again_after_ms: AGAIN_MS })
      await wait(AGAIN_MS, undefined, { signal }).catch(() => {})
    }
  }
}

async function runOnce(
  { config, core, host, clock, random, log }: CustomResourcesOptions,
  signal: AbortSignal,
): Promise<void> {
  await using connection = new ClusterConnection(await credentials(core, config.connection))
  const api = new ClusterApi(connection, clock)
  const within = { core: coreClient(host, config.token), api, namespaces: config.namespaces, clock, random, log }
  await new CustomResourceFrontEnd(within).run(signal)
}

async function credentials(core: CoreClient, name: string): Promise<Credentials> {
  if (name === '') return credentialsOf({ pk: 'custom-resources', local: true, verifySsl: true, kubeconfig: undefined })
  const answer = await core.request({ path: PATH, query: { name } })
  const found = listShape.safeParse(answer.kind === 'ok' ? answer.body : undefined).data?.results ?? []
  const connection = found.find((each) => each.name === name)
  if (connection === undefined)
    throw new ServiceConnectionError(
      `MARTELLO_CONTROLLER__CUSTOM_RESOURCES_CONNECTION: there is no Kubernetes service connection "${name}"`,
    )
  return readCredentials(core, connection.pk)
}
