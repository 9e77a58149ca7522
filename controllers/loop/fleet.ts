import { z } from 'zod'
import type { DeployableOutpost } from '#controllers/desired/local-process.ts'
import { PagedList } from '#schema/client/pages.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { CoreUnreachableError } from '#schema/kernel/errors.ts'
import { Secret } from '#schema/kernel/secret.ts'

const outpostShape = z.object({
  pk: z.string(),
  name: z.string(),
  type: z.enum(['proxy', 'ldap', 'radius']),
  service_connection: z.string().nullish(),
  token_identifier: z.string(),
  config: z.looseObject({
    authentik_host_insecure: z.boolean().optional(),
    authentik_host_browser: z.string().optional(),
  }),
})
const connectionShape = z.object({ pk: z.string(), name: z.string(), component: z.string(), local: z.boolean() })
const keyShape = z.object({ key: z.string().min(1) })

export interface FleetOutpost extends DeployableOutpost {
  readonly tokenIdentifier: string
}

/** The outposts and connections that a core knows, read again and again. */
export class Fleet {
  readonly #core: CoreClient
  readonly #outposts: PagedList
  readonly #connections: PagedList

  constructor(core: CoreClient) {
    this.#core = core
    this.#outposts = new PagedList(core, { path: '/outposts/instances/' })
    this.#connections = new PagedList(core, { path: '/outposts/service_connections/all/' })
  }

  /** The outposts on local service connections; what cannot be understood is left out. */
  async onThisMachine(): Promise<readonly FleetOutpost[]> {
    const connections = (await this.#connections.read()).flatMap((each) => connectionShape.safeParse(each).data ?? [])
    const local = new Set(connections.filter(({ component }) => component === LOCAL_COMPONENT).map(({ pk }) => pk))
    return (await this.#outposts.read())
      .flatMap((each) => outpostShape.safeParse(each).data ?? [])
      .filter(({ service_connection }) => service_connection != null && local.has(service_connection))
      .map(({ token_identifier: tokenIdentifier, pk, name, type, config }) => ({
        pk,
        name,
        type,
        config,
        tokenIdentifier,
      }))
  }

  /** The API key of an outpost's service account; rejects when it cannot be read, or the outpost is not known any more. */
  async tokenOf(outpost: FleetOutpost | undefined): Promise<Secret> {
    if (outpost === undefined) throw new CoreUnreachableError('the outpost is not known any more')
    const { tokenIdentifier } = outpost
    const answer = await this.#core.request({ path: `/core/tokens/${encodeURIComponent(tokenIdentifier)}/view_key/` })
    const parsed = keyShape.safeParse(answer.kind === 'ok' ? answer.body : undefined)
    if (!parsed.success) throw new CoreUnreachableError('the token of an outpost cannot be read', parsed.error)
    return new Secret(parsed.data.key)
  }
}

/** How a service connection says that it is a local one. */
export const LOCAL_COMPONENT = 'ak-service-connection-local-form'
