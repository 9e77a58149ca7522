import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import { VERSION } from '#schema/version.ts'

export interface OutpostIdentity {
  readonly name: string
  readonly type: string
  readonly instance: string
}

export interface OutpostMetrics {
  /** The configuration was applied at this time, ms since the epoch. */
  updated(nowMs: number): void
  linked(is: boolean): void
  /** The core says no to this outpost. */
  refused(is: boolean): void
}

/** What every outpost reports of itself (sheet outpost-protocol §6.2). */
export function outpostMetrics(registry: Registry, { name, type, instance }: OutpostIdentity): OutpostMetrics {
  collectDefaultMetrics({ register: registry })
  const who = { outpost_name: name, outpost_type: type, uuid: instance }
  const build = { ...who, version: VERSION, build: 'tagged' }
  const gauge = <T extends string>(suffix: string, help: string, labels: readonly T[]) =>
    new Gauge({ name: `authentik_outpost_${suffix}`, help, labelNames: labels, registers: [registry] })
  const identity = ['outpost_name', 'outpost_type', 'uuid'] as const
  gauge('info', 'Outpost info', [...identity, 'version', 'build']).set(build, 1)
  const lastUpdate = gauge('last_update', 'Unix time of the last applied configuration', [
    ...identity,
    'version',
    'build',
  ])
  const connection = gauge('connection', 'Whether the link to the core is up', identity)
  connection.set(who, 0)
  const refused = new Gauge({
    name: 'martello_outpost_refused',
    help: 'Whether the core says no to this outpost: its token was revoked, or the outpost deleted',
    labelNames: identity,
    registers: [registry],
  })
  refused.set(who, 0)
  return {
    updated: (nowMs) => lastUpdate.set(build, nowMs / 1000),
    linked: (is) => connection.set(who, is ? 1 : 0),
    refused: (is) => refused.set(who, is ? 1 : 0),
  }
}
