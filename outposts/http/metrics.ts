import { Histogram, type Registry } from 'prom-client'

export type RequestType = 'app' | 'ping' | 'auth' | 'outpost'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** What the proxy outpost measures (sheet outpost-protocol §6.2); hosts are those of providers, nothing that was sent. */
export class HttpMetrics {
  readonly #requests: Histogram<'method' | 'host' | 'type'>

  constructor(registry: Registry) {
    this.#requests = new Histogram({
      name: 'authentik_outpost_proxy_request_duration_seconds',
      help: 'Duration of requests',
      labelNames: ['method', 'host', 'type'],
      registers: [registry],
    })
  }

  took(method: string | undefined, host: string, type: RequestType, ms: number): void {
    this.#requests.observe({ method: METHODS.has(method ?? '') ? method! : 'other', host, type }, ms / 1000)
  }
}
