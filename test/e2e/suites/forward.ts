import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { selfSigned } from '#outposts/tls/self-signed.ts'
import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import { Curl } from '#test/support/curl.ts'
import { startCaddy } from '#test/support/engines/caddy.ts'
import { startHaproxy } from '#test/support/engines/haproxy.ts'
import { startNginx } from '#test/support/engines/nginx.ts'
import { type Engine, until } from '#test/support/engines/process.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import type { RunningFleet } from '#test/support/fleet.ts'
import { spellings } from '#test/support/header-spellings.ts'
import { EDGES, type Edge, edgeConfiguration, edgeSnippet } from '../edge/snippet.ts'

const README = join(import.meta.dirname, '..', '..', '..', 'README.md')
/** Shown in full; the README leads to the others. */
const SHOWN: readonly Edge[] = ['nginx.conf', 'Caddyfile', 'traefik.yaml']

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

const FORGED = IDENTITY_HEADERS.flatMap(spellings).flatMap((name) => ['-H', `${name}: forged`])
const AS_JSON = ['-H', 'Accept: application/json']

const jsonOf = async (answer: Promise<Response>): Promise<any> => (await answer).json()

/** What the application is told about who is there, and everything else that reached it. */
async function reached(browser: Curl, address: string, args: readonly string[] = []) {
  const { status, body } = await browser.open(address, [...AS_JSON, ...args])
  assert.equal(status, 200, body)
  const { headers } = JSON.parse(body) as { headers: Readonly<Record<string, string>> }
  return { headers, identity: IDENTITY_HEADERS.map((name) => headers[name.toLowerCase()] ?? ''), body }
}

/** Reverse proxies that ask the outpost about each request, configured as the README says. */
export function forwardSuite(running: () => RunningFleet): void {
  for (const edge of EDGES)
    test(`${edge}: the README shows the configuration that is tested here, or leads to it`, () => {
      const shown = SHOWN.includes(edge) ? edgeSnippet(edge) : `test/e2e/edge/${edge}`
      assert.ok(readFileSync(README, 'utf8').includes(shown), `README.md lacks ${edge}`)
    })

  test('PX-05: what cannot be run here takes every spelling of every identity header from clients', () => {
    const { middlewares } = parse(edgeSnippet('traefik.yaml')).http
    const { authResponseHeadersRegex: pattern } = middlewares.martello.forwardAuth
    const traefik = new RegExp(pattern.replace('(?i)', ''), 'i')
    const { typed_config: manager } = parse(edgeSnippet('envoy.yaml')).static_resources.listeners[0].filter_chains[0]
      .filters[0]
    const [mutation] = manager.early_header_mutation_extensions[0].typed_config.mutations
    const { patterns } =
      manager.http_filters[0].typed_config.http_service.authorization_response.allowed_upstream_headers
    for (const name of IDENTITY_HEADERS) {
      for (const each of spellings(name)) {
        assert.match(each, traefik)
        // Envoy compares names in lower case.
        assert.ok(each.toLowerCase().includes(mutation.remove_on_match.key_matcher.contains), each)
      }
      assert.ok(name.toLowerCase().startsWith(patterns[0].prefix))
    }
  })

  for (const proxy of PROXIES) throughProxy(proxy, running)
  throughHaproxy(running)
}

function throughProxy({ name, debian, edge, start }: Proxy, running: () => RunningFleet): void {
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
    const program = await stranger.open(address, ['-H', 'Authorization: Bearer a-token-of-nobody'])
    assert.equal(program.status, 401)

    using demo = new Curl()
    const page = await demo.signIn(address, 'demo', password)
    assert.equal(page.status, 200)
    assert.equal(page.url, address)
    assert.match(page.body, /<code>GET \/reports\?year=2026</)

    using guest = new Curl()
    const refused = await guest.signIn(address, 'guest', password)
    assert.equal(refused.status, 403)
    assert.doesNotMatch(refused.body, /This request reached it/)
  })

  test(`PX-05, PX-39: ${name}: the application hears of who is there from the outpost alone, on public paths too`, async (t) => {
    if (!(await hasTool(t, name, debian)) || !(await hasTool(t, 'curl', 'curl'))) return
    const fleet = running()
    const { ports, password } = fleet
    await using _ = await start(ports.edge, edgeConfiguration(edge, ports))
    const address = `http://forward.localhost:${ports.edge}`
    using demo = new Curl()
    await demo.signIn(address, 'demo', password)
    const genuine = await reached(demo, address)
    assert.equal(genuine.identity[0], 'demo')
    const forged = await reached(demo, address, [...FORGED, '-H', 'Authorization: Bearer of-the-client'])
    assert.deepEqual(forged.identity, genuine.identity)
    assert.doesNotMatch(forged.body, /forged|of-the-client/)

    const { results } = await jsonOf(fleet.api('GET', '/providers/proxy/?name__iexact=forward'))
    const [provider] = results
    const patch = (skip_path_regex: string) =>
      fleet.api('PATCH', `/providers/proxy/${provider.pk}/`, { skip_path_regex })
    using stranger = new Curl()
    await patch('/open')
    await until('the path is public', async () =>
      /"url": "\/open"/.test((await stranger.open(`${address}/open`, AS_JSON)).body),
    )
    const { identity, body } = await reached(stranger, `${address}/open`, FORGED)
    assert.ok(identity.every((value) => value === ''))
    assert.doesNotMatch(body, /forged/)
    await patch('')
  })
}

function throughHaproxy(running: () => RunningFleet): void {
  test('haproxy: in front of an outpost in mode proxy, where it ends TLS', async (t) => {
    if (!(await hasTool(t, 'haproxy', 'haproxy')) || !(await hasTool(t, 'curl', 'curl'))) return
    const fleet = running()
    const { ports, password } = fleet
    const { cert, key } = await selfSigned('secure.localhost', Date.now())
    await using _ = await startHaproxy(ports.edge, edgeConfiguration('haproxy.cfg', ports), `${cert}\n${key}`)
    const address = `https://secure.localhost:${ports.edge}`
    await using _application = await secureApplication(fleet, address, `http://127.0.0.1:${ports.sample}`)

    using demo = new Curl(['-k'])
    await until('the outpost serves it', async () => (await demo.open(address)).status === 200)
    const page = await demo.signIn(`${address}/reports?year=2026`, 'demo', password)
    assert.deepEqual([page.status, page.url], [200, `${address}/reports?year=2026`])
    const from = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: evil.example']
    const { identity, headers, body } = await reached(demo, address, [
      ...FORGED,
      ...from.flatMap((line) => ['-H', line]),
    ])
    assert.equal(identity[0], 'demo')
    assert.doesNotMatch(body, /forged|192\.0\.2\.1|evil/)
    assert.equal(headers['x-forwarded-proto'], 'https')
  })
}

/** A provider in mode proxy with its application, served by the outpost until it is disposed. */
async function secureApplication(fleet: RunningFleet, external_host: string, internal_host: string) {
  const json = (method: string, path: string, body?: unknown) => jsonOf(fleet.api(method, path, body))
  const [flow] = (await json('GET', '/flows/instances/?designation=authorization')).results
  const name = 'secure'
  const fields = { name, authorization_flow: flow.pk, external_host, internal_host, mode: 'proxy' }
  const provider = await json('POST', '/providers/proxy/', fields)
  await json('POST', '/core/applications/', { name, slug: name, provider: provider.pk })
  const [outpost] = (await json('GET', '/outposts/instances/?name__iexact=proxy')).results
  const serve = (providers: readonly number[]) =>
    fleet.api('PATCH', `/outposts/instances/${outpost.pk}/`, { providers })
  await serve([...outpost.providers, provider.pk])
  return {
    async [Symbol.asyncDispose]() {
      await serve(outpost.providers)
      await fleet.api('DELETE', `/core/applications/${name}/`)
      await fleet.api('DELETE', `/providers/proxy/${provider.pk}/`)
    },
  }
}
