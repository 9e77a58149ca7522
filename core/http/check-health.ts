import { get } from 'node:http'
import type { ListenAddress } from '#schema/kernel/settings.ts'

const TIMEOUT_MS = 3_000

/** Whether the core that listens there is ready: it has started, and its database answers. No answer in 3 s is a no. */
export function checkHealth({ host, port }: ListenAddress): Promise<boolean> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const request = get({ host: reachable, port, path: '/-/health/ready/', signal }, (res) => {
      res.resume()
      resolve((res.statusCode ?? 500) < 400)
    })
    request.on('error', () => resolve(false))
  })
}
