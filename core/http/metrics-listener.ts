import type { RequestListener } from 'node:http'
import type { Registry } from 'prom-client'

/** Serves `/metrics` for Prometheus. It has an address of its own, so that it need not be reachable where the core is. */
export function metricsListener(registry: Registry): RequestListener {
  return (req, res) => {
    if (req.url !== '/metrics') return void res.writeHead(404).end()
    registry.metrics().then(
      (text) => res.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => res.writeHead(500).end(),
    )
  }
}
