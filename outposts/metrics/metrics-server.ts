import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import { listenTcp } from '#outposts/listen-tcp.ts'
import type { ListenAddress } from '#schema/kernel/settings.ts'

export interface MetricsServer extends AsyncDisposable {
  readonly port: number
}

/**
 * `/metrics`, `/outpost.goauthentik.io/ping` (the process serves its protocol) and `/-/health/ready/` (the same).
 * Until the first configuration is applied both health checks answer 503.
 */
export async function startMetricsServer(
  address: ListenAddress,
  registry: Registry,
  isReady: () => boolean,
): Promise<MetricsServer> {
  const health = (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(isReady() ? 204 : 503).end()
  const routes: ReadonlyMap<string, (req: IncomingMessage, res: ServerResponse) => void> = new Map([
    ['/outpost.goauthentik.io/ping', health],
    ['/-/health/ready/', health],
    ['/-/health/live/', (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(204).end()],
    ['/metrics', (_req: IncomingMessage, res: ServerResponse) => void sendMetrics(res, registry)],
  ])
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (req, res) => {
    const handler = routes.get((req.url ?? '').split('?')[0]!)
    if (handler === undefined) res.writeHead(404).end()
    else handler(req, res)
  })
  await listenTcp(server, address)
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function sendMetrics(res: ServerResponse, registry: Registry): Promise<void> {
  try {
    const text = await registry.metrics()
    res.writeHead(200, { 'content-type': registry.contentType }).end(text)
  } catch {
    res.writeHead(500).end()
  }
}
