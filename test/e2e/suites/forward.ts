import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Curl } from '#test/support/curl.ts'
import { startCaddy } from '#test/support/engines/caddy.ts'
import { startNginx } from '#test/support/engines/nginx.ts'
import type { Engine } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { type Edge, edgeConfiguration, edgeSnippet } from '../edge/snippet.ts'

const README = join(import.meta.dirname, '..', '..', '..', 'README.md')

interface Proxy {
  readonly name: string
  readonly debian: string
  readonly edge: Edge
  readonly start: (port: number, configuration: string) => Promise<Engine>
}

const PROXIES: readonly Proxy[] = [
  { name: 'nginx', debian: 'nginx-light', edge: 'nginx.conf', start: startNginx },
  { name: 'caddy', debian: 'caddy', edge: 'Caddyfile', start: startCaddy },
]

/** Reverse proxies that ask the outpost about each request, configured as the README says. */
export function forwardSuite(running: () => RunningFleet): void {
  for (const { name, debian, edge, start } of PROXIES) {
    test(`${name}: the README shows the configuration that is tested here`, () => {
      assert.ok(readFileSync(README, 'utf8').includes(edgeSnippet(edge)), `README.md lacks test/e2e/edge/${edge}`)
    })

    test(`${name}: nobody gets in without signing in, demo gets in with headers, guest is refused`, async (t) => {
      if (!(await hasTool(t, name, debian)) || !(await hasTool(t, 'curl', 'curl'))) return
      const { ports, password } = running()
      await using _ = await start(ports.edge, edgeConfiguration(edge, ports))
      const address = `http://forward.localhost:${ports.edge}/reports?year=2026`
      using stranger = new Curl()
      const check = await stranger.open(`http://127.0.0.1:${ports.proxy}/outpost.goauthentik.io/auth/nginx`, [
        ...['-H', `Host: forward.localhost:${ports.edge}`],
        ...['-H', `X-Original-URL: ${address}`],
      ])
      assert.equal(check.status, 401)
      const signInPage = await stranger.open(address)
      assert.doesNotMatch(signInPage.body, /This request reached it/)

      using demo = new Curl()
      const page = await demo.signIn(address, 'demo', password)
      assert.equal(page.status, 200)
      assert.equal(page.url, address)
      assert.match(page.body, /<code>GET \/reports\?year=2026</)
      assert.match(page.body, /x-authentik-username<\/th> <td>demo</i)
      const forged = await demo.open(address, ['-H', 'X-authentik-username: akadmin'])
      assert.match(forged.body, /x-authentik-username<\/th> <td>demo</i)
      assert.doesNotMatch(forged.body, /akadmin/)

      using guest = new Curl()
      const refused = await guest.signIn(address, 'guest', password)
      assert.equal(refused.status, 403)
      assert.doesNotMatch(refused.body, /This request reached it/)
    })
  }
}
