import { Gauge, type Registry } from 'prom-client'

export interface LinkMetrics {
  readonly connected: Gauge<'outpost'>
  readonly revision: Gauge
}

export function linkMetrics(registry: Registry): LinkMetrics {
  return {
    connected: new Gauge({
      name: 'authentik_outposts_connected',
      help: 'Links of outposts to this core process',
      labelNames: ['outpost'],
      registers: [registry],
    }),
    revision: new Gauge({
      name: 'martello_link_revision',
      help: 'The newest configuration revision that this core process has told its outposts',
      registers: [registry],
    }),
  }
}
