import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type DesiredContainer, SPEC_LABEL } from '../docker/desired-container.ts'
import { yamlDocuments } from './yaml-documents.ts'

/** What `desiredContainer` says to the Engine beside image, command and environment. */
interface HostConfig {
  readonly RestartPolicy: { readonly Name: string }
  readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>
  readonly NetworkMode?: string
  readonly ReadonlyRootfs: boolean
  readonly Tmpfs: Readonly<Record<string, string>>
  readonly CapDrop: readonly string[]
  readonly SecurityOpt: readonly string[]
  readonly PidsLimit: number
  readonly Memory?: number
  readonly NanoCpus?: number
  readonly LogConfig: { readonly Type: string; readonly Config: Readonly<Record<string, string>> }
}

/** Modes, and no names of networks that somebody made. */
const MODE = /^(?:bridge|host|none|default|container:.*)$/

/**
 * What `docker compose` takes to make an outpost's container by hand, as the controller would make it; what the container
 * does not say, such as its user and its health check, is the image's. The mark of what it was made from is left out: a
 * controller that takes over makes the container anew.
 */
export function composeManifest(container: DesiredContainer): string {
  return yamlDocuments([composeProject(container)])
}

/** The same as an object: one service, and the networks that have to be there. */
export function composeProject({ name, image, body, networks: more }: DesiredContainer): JsonObject {
  const host = body['HostConfig'] as unknown as HostConfig
  const { [SPEC_LABEL]: _, ...labels } = body.Labels
  const first = host.NetworkMode ?? 'bridge'
  const networks = MODE.test(first) && more.length === 0 ? [] : [first, ...more]
  const service = {
    image,
    container_name: name,
    ...(body['Cmd'] === undefined ? {} : { command: body['Cmd'] }),
    environment: Object.fromEntries((body['Env'] as readonly string[]).map(pairOf)),
    labels,
    expose: Object.keys(body['ExposedPorts'] as JsonObject),
    ports: Object.entries(host.PortBindings).flatMap(([inside, places]) => places.map((each) => portOf(inside, each))),
    ...(networks.length === 0 ? { network_mode: first } : { networks }),
    restart: host.RestartPolicy.Name,
    read_only: host.ReadonlyRootfs,
    tmpfs: Object.entries(host.Tmpfs).map(([path, options]) => `${path}:${options}`),
    cap_drop: host.CapDrop,
    security_opt: host.SecurityOpt,
    pids_limit: host.PidsLimit,
    ...(host.Memory === undefined ? {} : { mem_limit: host.Memory }),
    ...(host.NanoCpus === undefined ? {} : { cpus: host.NanoCpus / 1e9 }),
    logging: { driver: host.LogConfig.Type, options: host.LogConfig.Config },
  }
  return {
    services: { [name]: literal(service) },
    ...(networks.length === 0
      ? {}
      : { networks: Object.fromEntries(networks.map((each) => [each, { external: true }])) }),
  } as JsonObject
}

function pairOf(variable: string): readonly [string, string] {
  const at = variable.indexOf('=')
  return [variable.slice(0, at), variable.slice(at + 1)]
}

/** The short form: Compose 1 takes no notice of the address in the long one, and publishes on all of them. */
function portOf(inside: string, { HostIp, HostPort }: { HostIp: string; HostPort: string }): string {
  const address = HostIp.includes(':') ? `[${HostIp}]` : HostIp
  return `${address === '' ? '' : `${address}:`}${HostPort}:${inside}`
}

/** Compose takes `$` in a value for a variable. */
function literal(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$')
  if (Array.isArray(value)) return value.map(literal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, literal(each)]))
}
