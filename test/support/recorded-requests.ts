import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { exampleOutpost, exampleProvider, recordedLines } from './deployment-vectors.ts'

/** What the reference asked of a cluster. A POST does not say the name; a GET before it does. */
export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body?: Record<string, any>
}

/** The reference's word for each kind that it makes. */
const COMPONENTS: Readonly<Record<string, readonly [component: string, kind: string]>> = {
  secrets: ['secret', 'Secret'],
  deployments: ['deployment', 'Deployment'],
  services: ['service', 'Service'],
  servicemonitors: ['prometheus servicemonitor', 'ServiceMonitor'],
  ingresses: ['ingress', 'Ingress'],
  middlewares: ['traefik middleware', 'Middleware'],
}
const OBJECT_PATH =
  /^\/apis?\/(?:(?<group>[a-z0-9.]+)\/)?v[a-z0-9]+\/namespaces\/(?<namespace>[^/]+)\/(?<plural>\w+)(?:\/(?<name>[^/?]+))?/

/** `group/Kind/namespace/name`, as `keyOf` writes it; undefined for what is no object. */
function keyOfPath(path: string, name?: string): string | undefined {
  const { group = '', namespace, plural, name: last } = OBJECT_PATH.exec(path)?.groups ?? {}
  return plural === undefined ? undefined : [group, COMPONENTS[plural]![1], namespace, name ?? last].join('/')
}

/** Keys of what is there after these requests. */
export function thereAfter(requests: readonly RecordedRequest[], before: ReadonlySet<string>): ReadonlySet<string> {
  const there = new Set(before)
  /** By collection: what is looked for and missing, or was deleted to be made anew. */
  const missing = new Map<string, string>()
  for (const { method, path, status } of requests) {
    const { name } = OBJECT_PATH.exec(path)?.groups ?? {}
    const collection = path.replace(name === undefined ? /\?.*/ : /\/[^/]+$/, '')
    if (method === 'GET' && status === 404) missing.set(collection, name!)
    else if (method === 'DELETE' && status === 200) {
      there.delete(keyOfPath(path)!)
      if (!missing.has(collection)) missing.set(collection, name!)
    } else if (method === 'POST' && status === 201) {
      there.add(keyOfPath(path, missing.get(collection))!)
      missing.delete(collection)
    }
  }
  return there
}

interface Saved {
  readonly name?: string
  readonly config?: object
  readonly external_host?: string
  readonly mode?: 'forward_single'
}
interface LifecycleLine {
  readonly case: string
  readonly json?: Saved
  readonly requests?: readonly string[]
  readonly objects?: readonly string[]
}

export interface LifecycleStep {
  readonly what: string
  /** What was saved of the outpost or its provider before it; undefined when the outpost was deleted. */
  readonly saved: Saved | undefined
  readonly requests: readonly RecordedRequest[]
}

/** What the reference's worker asked of a cluster after each thing that was saved, and what it left in the end. */
export function recordedLifecycle(): { readonly steps: readonly LifecycleStep[]; readonly left: readonly string[] } {
  const lines = recordedLines<LifecycleLine>('lifecycle.jsonl')
  const steps = lines.flatMap(({ case: what, requests }, index) =>
    requests === undefined ? [] : [{ what, saved: lines[index - 1]!.json, requests: requests.map(requestOf) }],
  )
  return { steps, left: lines.flatMap(({ objects }) => objects ?? []).map((path) => keyOfPath(path)!) }
}

function requestOf(line: string): RecordedRequest {
  const [method, path, status] = line.split(' ')
  return { method: method!, path: path!, status: Number(status) }
}

const TRAEFIK_2 = 'traefik.containo.us/v1alpha1'
const TRAEFIK_3 = 'traefik.io/v1alpha1'
const MONITORING = 'monitoring.coreos.com/v1'
const WHOAMI = exampleProvider('whoami', 'forward_single', 'https://whoami.example.com')
const VARIANT = { ...exampleOutpost(), name: 'obj variants', providers: [WHOAMI] }
const LAST_PROVIDER = { ...VARIANT, settings: { ...VARIANT.settings, object_naming_template: 'static-name' } }

/** What the recording does not say of its variants: the outpost, and which optional kinds the cluster serves. */
const VARIANTS: ReadonlyArray<[steps: RegExp, outpost: DeployableOutpost, optional: readonly string[]]> = [
  [/^traefik 2 CRD only:/, VARIANT, [TRAEFIK_2]],
  [/^both traefik CRDs:/, VARIANT, [TRAEFIK_2, TRAEFIK_3]],
  [/^(?:no CRDs|listing CRDs forbidden):/, VARIANT, []],
  [/^drift:/, VARIANT, [MONITORING, TRAEFIK_3]],
  [
    /^all components disabled:/,
    disabled(Object.values(COMPONENTS).map(([component]) => component)),
    [MONITORING, TRAEFIK_3],
  ],
  [/^unknown placeholder/, { ...VARIANT, settings: { ...VARIANT.settings, object_naming_template: '%(nope)s' } }, []],
  [/^last provider removed: first/, LAST_PROVIDER, []],
  [/^last provider removed:/, { ...LAST_PROVIDER, providers: [] }, []],
]

/** A cluster with what every cluster has, and these versions of kinds of other projects. */
export function serving(optional: readonly string[] = []): (apiVersion: string) => boolean {
  return (apiVersion) => !/^(?:traefik|monitoring|gateway)\./.test(apiVersion) || optional.includes(apiVersion)
}

function disabled(components: readonly string[]): DeployableOutpost {
  return { ...VARIANT, settings: { ...VARIANT.settings, kubernetes_disabled_components: [...components] } }
}

export interface RecordedVariant {
  readonly step: string
  readonly outpost: DeployableOutpost
  readonly serves: (apiVersion: string) => boolean
  readonly requests: readonly RecordedRequest[]
  /** What was written, where it was recorded whole. */
  readonly written: ReadonlyArray<{ readonly reconciler: string; readonly object: Record<string, any> }>
}

/** What the reference asked of a cluster for one outpost under changing circumstances, in order. */
export function recordedVariants(): readonly RecordedVariant[] {
  const lines = recordedLines<Partial<RecordedRequest> & { readonly step: string }>('variants.requests.jsonl')
  return [...Map.groupBy(lines, ({ step }) => step)].map(([step, of]) => {
    const [, outpost, optional] = VARIANTS.find(([steps]) => steps.test(step))!
    const requests = of.filter((line): line is RecordedRequest & { step: string } => line.method !== undefined)
    return {
      step,
      outpost,
      requests,
      serves: serving(optional),
      written: requests.flatMap(({ path, body: object }) => {
        const plural = OBJECT_PATH.exec(path)?.groups?.['plural']
        return object === undefined || plural === undefined ? [] : [{ reconciler: COMPONENTS[plural]![0], object }]
      }),
    }
  })
}
