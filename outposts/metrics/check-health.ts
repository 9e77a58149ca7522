import { get } from 'node:http'
import type { ListenAddress } from '#schema/kernel/settings.ts'

/** Whether the outpost that listens there serves its protocol; no answer in 3 s is a no. */
export function checkHealth({ host, port }: ListenAddress): Promise<boolean> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new Promise((resolve) => {
    const request = get({ host: reachable, port, path: '/outpost.goauthentik.io/ping', timeout: 3_000 }, (res) => {
      res.resume()
      resolve((res.statusCode ?? 500) < 400)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })
}
