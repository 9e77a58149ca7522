import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import { VERSION } from '#schema/version.ts'

export interface OutpostIdentity {
  readonly type: string
  readonly instance: string
}

export interface OutpostMetrics {
  /** The core has told the outpost's name. */
  named(name: string): void
  /** The configuration was applied at this time, ms since the epoch. */
  updated(nowMs: number): void
  linked(is: boolean): void
  /** The core says no to this outpost. */
  refused(is: boolean): void
}

/**
 * What every outpost reports of itself (sheet outpost-protocol §6.2). Until the core has told its name this is only whether
 * the core refuses it, under an empty name.
 */
export function outpostMetrics(registry: Registry, { type, instance }: OutpostIdentity): OutpostMetrics {
  collectDefaultMetrics({ register: registry })
  const gauge = <T extends string>(name: string, help: string, labels: readonly T[]) =>
    new Gauge({ name, help, labelNames: labels, registers: [registry] })
  const identity = ['outpost_name', 'outpost_type', 'uuid'] as const
  const details = [...identity, 'version', 'build'] as const
  const info = gauge('authentik_outpost_info', 'Outpost info', details)
  const lastUpdate = gauge('authentik_outpost_last_update', 'Unix time of the last applied configuration', details)
  const connection = gauge('authentik_outpost_connection', 'Whether the link to the core is up', identity)
  const refused = gauge(
    'martello_outpost_refused',
    'Whether the core says no to this outpost: its token was revoked, or the outpost deleted',
    identity,
  )
  const as = (name: string) => ({ outpost_name: name, outpost_type: type, uuid: instance })
  const build = () => ({ ...who, version: VERSION, build: 'tagged' })
  let who = as('')
  refused.set(who, 0)
  return {
    named(name) {
      who = as(name)
      info.set(build(), 1)
      connection.set(who, 0)
      refused.reset()
      refused.set(who, 0)
    },
    updated: (nowMs) => lastUpdate.set(build(), nowMs / 1000),
    linked: (is) => connection.set(who, is ? 1 : 0),
    refused: (is) => refused.set(who, is ? 1 : 0),
  }
}
