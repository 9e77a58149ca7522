import { z } from 'zod'
import type { Clock } from '#schema/kernel/clock.ts'

/** A kind that the cluster serves. */
export interface ServedKind {
  readonly apiVersion: string
  readonly kind: string
  /** In RBAC's words: `deployments.apps`. */
  readonly resource: string
  /** Of one object, or of all of a namespace. */
  path(namespace: string | undefined, name?: string): string
}

/** What reads a group version: undefined when the cluster does not have it. */
export type ReadGroupVersion = (path: string, signal: AbortSignal) => Promise<unknown>

const listShape = z.object({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
})
const groupShape = z.object({ versions: z.array(z.looseObject({ groupVersion: z.string() })) })
type Resource = z.infer<typeof listShape>['resources'][number]

/** A kind that has appeared or gone is noticed after this time. */
const KEPT_MS = 30_000

/** Which kinds a cluster serves. It takes no more rights than every account has. */
export class Discovery {
  readonly #read: ReadGroupVersion
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly until: number; readonly resources: readonly Resource[] }>()

  constructor(read: ReadGroupVersion, clock: Clock) {
    this.#read = read
    this.#clock = clock
  }

  /** Undefined when the cluster does not serve the kind. */
  async find(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind | undefined> {
    return servedKind(apiVersion, kind, await this.load(apiVersion, signal))
  }

  /** The same, also when the cluster has come to serve the kind in other versions only. */
  async findInAnyVersion(apiVersion: string, kind: string, signal: AbortSignal): Promise<ServedKind | undefined> {
    const found = await this.find(apiVersion, kind, signal)
    const [group, version] = apiVersion.split('/')
    if (found !== undefined || version === undefined) return found
    const { versions } = groupShape.safeParse(await this.#read(`/apis/${group}`, signal)).data ?? { versions: [] }
    for (const { groupVersion } of versions) {
      const served = await this.find(groupVersion, kind, signal)
      if (served !== undefined) return served
    }
    return undefined
  }

  /** What was found out already, however long ago: null for what is not served, undefined for what nobody asked. */
  known(apiVersion: string, kind: string): ServedKind | null | undefined {
    const found = this.#known.get(apiVersion)
    return found && (servedKind(apiVersion, kind, found.resources) ?? null)
  }

  /** What was known of a group version is asked again: an answer has contradicted it. */
  forget(apiVersion: string): void {
    this.#known.delete(apiVersion)
  }

  /** Learns what a group version holds, unless that is known. */
  async load(apiVersion: string, signal: AbortSignal): Promise<readonly Resource[]> {
    const now = this.#clock.now()
    const known = this.#known.get(apiVersion)
    if (known !== undefined && known.until > now) return known.resources
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const answer = await this.#read(path, signal)
    const resources = answer === undefined ? [] : (listShape.safeParse(answer).data?.resources ?? [])
    this.#known.set(apiVersion, { until: now + KEPT_MS, resources })
    return resources
  }
}

function servedKind(apiVersion: string, kind: string, resources: readonly Resource[]): ServedKind | undefined {
  const found = resources.find((each) => each.kind === kind && !each.name.includes('/'))
  if (found === undefined) return undefined
  const { name: plural, namespaced } = found
  const [group] = apiVersion.includes('/') ? apiVersion.split('/') : ['']
  const base = group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`
  return {
    apiVersion,
    kind,
    resource: group === '' ? plural : `${plural}.${group}`,
    path: (namespace, name) => {
      const within = namespaced && namespace !== undefined ? ['namespaces', namespace] : []
      const parts = [...within, plural, ...(name === undefined ? [] : [name])]
      return [base, ...parts.map(encodeURIComponent)].join('/')
    },
  }
}
