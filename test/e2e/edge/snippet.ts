import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetPorts } from '#test/support/fleet.ts'

export const EDGES = ['nginx.conf', 'Caddyfile', 'traefik.yaml', 'envoy.yaml', 'haproxy.cfg'] as const
export type Edge = (typeof EDGES)[number]

/** The configuration that the README shows, or leads to, for a reverse proxy in front of an application. */
export const edgeSnippet = (edge: Edge): string => readFileSync(join(import.meta.dirname, edge), 'utf8').trimEnd()

/** The snippet with the ports of this fleet in place of the default ones. */
export function edgeConfiguration(edge: Edge, ports: FleetPorts): string {
  const own: Readonly<Record<string, number>> = { 8080: ports.edge, 9080: ports.proxy, 9081: ports.sample }
  return edgeSnippet(edge).replace(/:(8080|9080|9081)\b/g, (_, port: string) => `:${own[port]}`)
}
