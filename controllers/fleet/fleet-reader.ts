import { z } from 'zod'
import { PagedList } from '#schema/client/pages.ts'
import type { CoreClient } from '#schema/client/request.ts'
import type { DeployableProvider } from '#schema/deployment/outpost.ts'
import { readDeploymentSettings } from '#schema/deployment/settings.ts'
import { deploymentRecord } from '#schema/deployment/status.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import type { Logger } from '#schema/kernel/logger.ts'
import type { FleetConnection, FleetOutpost, FleetState } from './fleet-state.ts'

/** Most lists are one page: all of it as it is at one moment. */
const PAGE_SIZE = 1_000

const outpostShape = z.object({
  pk: z.string(),
  name: z.string(),
  type: z.enum(['proxy', 'ldap', 'radius']),
  providers_obj: z.array(z.object({ pk: z.number(), name: z.string() })),
  service_connection: z.string().nullish(),
  token_identifier: z.string(),
  token_revision: z.string().default(''),
  config: z.unknown(),
})
const proxyShape = z.object({
  pk: z.number(),
  mode: z.enum(['proxy', 'forward_single', 'forward_domain']),
  external_host: z.string(),
  /** A core of authentik knows none. */
  additional_headers: z.array(z.string()).default([]),
})
const KINDS: Readonly<Record<string, FleetConnection['kind']>> = {
  'ak-service-connection-local-form': 'local',
  'ak-service-connection-docker-form': 'docker',
  'ak-service-connection-kubernetes-form': 'kubernetes',
}
const connectionShape = z.looseObject({ pk: z.string(), name: z.string(), component: z.string(), local: z.boolean() })
/** What the core says of a record beside what is in it. */
const lookedAfterShape = z.object({
  outpost: z.string(),
  controller: z.string().nullable(),
  outpost_exists: z.boolean(),
})
const configShape = z.object({
  version: z.string(),
  image_template: z.string(),
  /** A core that knows nothing of discovery wants none. */
  discoverable: z.array(z.string()).default([]),
})

/** Reads what a core knows about deployments, again and again; what has not changed is not transferred again. */
export class FleetReader {
  readonly #core: CoreClient
  readonly #log: Logger
  readonly #lists: Readonly<
    Record<'outposts' | 'proxies' | 'connections' | 'docker' | 'kubernetes' | 'records', PagedList>
  >

  constructor(core: CoreClient, log: Logger) {
    const list = (path: string, key = 'pk') =>
      new PagedList(core, { path, key, whole: true, query: { page_size: PAGE_SIZE } })
    this.#core = core
    this.#log = log
    this.#lists = {
      outposts: list('/outposts/instances/'),
      proxies: list('/providers/proxy/'),
      connections: list('/outposts/service_connections/all/'),
      docker: list('/outposts/service_connections/docker/'),
      kubernetes: list('/outposts/service_connections/kubernetes/'),
      records: list('/outposts/deployments/', 'outpost'),
    }
  }

  /** Rejects when the core cannot be read; one object that cannot be understood is logged and left out. */
  async read(): Promise<FleetState> {
    const { outposts, proxies, connections, docker, kubernetes, records } = this.#lists
    const config = await this.#core.request({ path: '/outposts/controller/config/' })
    const context = configShape.safeParse(config.kind === 'ok' ? config.body : undefined)
    if (!context.success) throw new CoreUnreachableError('the settings of controllers are not what they should be')
    const modes = new Map(this.#parsed(proxyShape, await proxies.read()).map((each) => [each.pk, each]))
    const details = new Map([...(await docker.read()), ...(await kubernetes.read())].map((each) => [pkOf(each), each]))
    const seen = this.#parsed(outpostShape, await outposts.read())
    const kept = await records.read()
    const looks = this.#parsed(lookedAfterShape, kept)
    return {
      context: { version: context.data.version, imageTemplate: context.data.image_template },
      discoverable: new Set(context.data.discoverable),
      outposts: byPk(seen.flatMap((raw) => this.#outpost(raw, modes))),
      connections: byPk(
        this.#parsed(connectionShape, await connections.read()).flatMap((raw) => connectionOf(raw, details)),
      ),
      records: new Map(this.#parsed(deploymentRecord, kept).map((each) => [each.outpost, each])),
      unserved: new Set(looks.flatMap((each) => (each.controller === null ? each.outpost : []))),
      gone: new Set(looks.flatMap((each) => (each.outpost_exists ? [] : each.outpost))),
    }
  }

  #outpost(raw: z.infer<typeof outpostShape>, modes: ReadonlyMap<number, z.infer<typeof proxyShape>>): FleetOutpost[] {
    const settings = readDeploymentSettings(raw.config)
    if (settings === undefined) {
      this.#log.warning('the configuration of an outpost cannot be understood; it is left as it is', {
        outpost: raw.name,
      })
      return []
    }
    const { pk, name, type, token_identifier: tokenIdentifier, token_revision: tokenRevision } = raw
    const providers = raw.providers_obj.map((each): DeployableProvider => {
      const proxy = modes.get(each.pk)
      const externalHost = URL.parse(proxy?.external_host ?? '')
      return proxy === undefined || externalHost === null
        ? { name: each.name }
        : {
            name: each.name,
            proxy: { mode: proxy.mode, externalHost, additionalHeaders: proxy.additional_headers },
          }
    })
    const connection = raw.service_connection ?? undefined
    return [{ pk, name, type, settings, providers, tokenIdentifier, tokenRevision, connection }]
  }

  #parsed<T>(shape: z.ZodType<T>, objects: readonly unknown[]): T[] {
    return objects.flatMap((each) => {
      const parsed = shape.safeParse(each)
      if (!parsed.success)
        this.#log.warning('an object of the core cannot be understood and is left out', {
          cause: parsed.error.message.slice(0, 500),
        })
      return parsed.success ? [parsed.data] : []
    })
  }
}

const byPk = <T extends { readonly pk: string }>(objects: readonly T[]): ReadonlyMap<string, T> =>
  new Map(objects.map((each) => [each.pk, each]))

const pkOf = (raw: unknown): string => z.object({ pk: z.string() }).safeParse(raw).data?.pk ?? ''

function connectionOf(raw: z.infer<typeof connectionShape>, details: ReadonlyMap<string, unknown>): FleetConnection[] {
  const kind = KINDS[raw.component]
  const fingerprint = JSON.stringify([raw, details.get(raw.pk)])
  return kind === undefined ? [] : [{ pk: raw.pk, name: raw.name, kind, local: raw.local, fingerprint }]
}
