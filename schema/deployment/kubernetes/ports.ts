import type { OutpostType } from '../outpost.ts'

export interface OutpostPort {
  readonly name: string
  readonly protocol: 'TCP' | 'UDP'
  readonly containerPort: number
  /** Undefined when it is no part of the service that the outpost gives. */
  readonly servicePort?: number
}

/** Metrics and health of every outpost. */
export const METRICS_PORT: OutpostPort = { name: 'http-metrics', protocol: 'TCP', containerPort: 9300 }
export const HTTP_PORT = 9000

/** In the order of the reference, which patches count on. */
export const OUTPOST_PORTS: Readonly<Record<OutpostType, readonly OutpostPort[]>> = {
  proxy: [
    { name: 'http', protocol: 'TCP', containerPort: HTTP_PORT, servicePort: HTTP_PORT },
    METRICS_PORT,
    { name: 'https', protocol: 'TCP', containerPort: 9443, servicePort: 9443 },
  ],
  ldap: [
    { name: 'ldap', protocol: 'TCP', containerPort: 3389, servicePort: 389 },
    { name: 'ldaps', protocol: 'TCP', containerPort: 6636, servicePort: 636 },
    METRICS_PORT,
  ],
  radius: [{ name: 'radius', protocol: 'UDP', containerPort: 1812, servicePort: 1812 }, METRICS_PORT],
}
