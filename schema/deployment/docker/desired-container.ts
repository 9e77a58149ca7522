import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { sha256 } from '#schema/kernel/sha256.ts'
import { needsTypeArgument } from '../image.ts'
import { containerName, uuidHex } from '../names.ts'
import type { DeployableOutpost, DeploymentSecrets, OutpostType } from '../outpost.ts'
import { traefikLabels } from './traefik-labels.ts'

/** Says whose a container is: the outpost's UUID without dashes. */
export const OWNER_LABEL = 'io.goauthentik.outpost-uuid'
/** The hash of everything that a container was made from: another one means another container. */
export const SPEC_LABEL = 'io.martello.spec-hash'

/** What is listened on inside, and where it is reached on the host, `port/protocol` each. */
export const CONTAINER_PORTS: Readonly<Record<OutpostType, Readonly<Record<string, number>>>> = {
  proxy: { '9000/tcp': 9000, '9443/tcp': 9443 },
  ldap: { '3389/tcp': 389, '6636/tcp': 636 },
  radius: { '1812/udp': 1812 },
}

/** A container as Docker is asked to create it. */
export interface DesiredContainer {
  readonly name: string
  readonly image: string
  /** The body of `POST /containers/create`, its labels included. */
  readonly body: JsonObject & { readonly Labels: Readonly<Record<string, string>> }
  /** Networks beyond the first, which is in the body. */
  readonly networks: readonly string[]
  readonly specHash: string
}

const MIB = 1024 * 1024
const LOG_OPTIONS = { 'max-size': '10m', 'max-file': '3' }
const PIDS_LIMIT = 512

/** The container that serves an outpost on Docker. */
export function desiredContainer(
  outpost: DeployableOutpost,
  image: string,
  { token }: DeploymentSecrets,
): DesiredContainer {
  const { type, settings } = outpost
  const name = containerName(outpost)
  const [network, ...networks] = networksOf(outpost)
  const body = {
    Image: image,
    ...(needsTypeArgument(image, type) ? { Cmd: [type] } : {}),
    Env: [
      `AUTHENTIK_HOST=${settings.authentik_host}`,
      `AUTHENTIK_HOST_BROWSER=${settings.authentik_host_browser}`,
      `AUTHENTIK_INSECURE=${settings.authentik_host_insecure}`,
      `AUTHENTIK_TOKEN=${token}`,
    ],
    ExposedPorts: Object.fromEntries(Object.keys(CONTAINER_PORTS[type]).map((port) => [port, {}])),
    HostConfig: {
      RestartPolicy: { Name: 'unless-stopped' },
      PortBindings: portBindings(outpost),
      ...(network === undefined ? {} : { NetworkMode: network }),
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': 'size=64m' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: PIDS_LIMIT,
      ...(settings.docker_memory_mib === null ? {} : { Memory: settings.docker_memory_mib * MIB }),
      ...(settings.docker_cpus === null ? {} : { NanoCpus: Math.round(settings.docker_cpus * 1e9) }),
      LogConfig: { Type: 'json-file', Config: LOG_OPTIONS },
    },
  }
  const labels = { ...traefikLabels(outpost, name), ...settings.docker_labels, [OWNER_LABEL]: uuidHex(outpost.pk) }
  const specHash = sha256(JSON.stringify([body, sorted(labels), networks]))
  return { name, image, body: { ...body, Labels: { ...labels, [SPEC_LABEL]: specHash } }, networks, specHash }
}

function networksOf({ settings }: DeployableOutpost): readonly string[] {
  return [...new Set([settings.docker_network ?? '', ...settings.docker_networks].filter((name) => name !== ''))]
}

/** `docker_port_bindings` says `host:port`, `port`, or nothing (empty: not reachable from outside) for a port inside. */
function portBindings({ type, settings }: DeployableOutpost): JsonObject {
  if (!settings.docker_map_ports) return {}
  const own = settings.docker_port_bindings
  return Object.fromEntries(
    Object.entries(CONTAINER_PORTS[type]).flatMap(([inside, usual]) => {
      const text = own[inside] ?? String(usual)
      const at = text.lastIndexOf(':')
      const HostIp = text.slice(0, Math.max(at, 0)).replace(/^\[|\]$/g, '')
      return text === '' ? [] : [[inside, [{ HostIp, HostPort: text.slice(at + 1) }]]]
    }),
  )
}

const sorted = (labels: Readonly<Record<string, string>>) => Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
