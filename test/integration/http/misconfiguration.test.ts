// PX-03, PX-04: what a reverse proxy asks in a way that cannot be answered is refused, and the core is told why.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { until } from '#test/support/engines/process.ts'
import { type Answer, HttpFleet } from '#test/support/http-fleet.ts'

const MINUTE_MS = 60_000
const SECRET = 'what-only-the-visitor-has'
const ENDPOINT = '/outpost.goauthentik.io/auth'

const clock = { aheadMs: 0, now: () => Date.now() + clock.aheadMs }
let fleet: HttpFleet
before(async () => {
  fleet = await HttpFleet.start({ app: { mode: 'forward_single' } }, { clock })
})
after(() => fleet[Symbol.asyncDispose]())

/** A visitor whose request holds secrets, as a reverse proxy asks about it. */
const ask = (endpoint: string, headers: Readonly<Record<string, string | readonly string[]>>): Promise<Answer> =>
  fleet.ask(`${ENDPOINT}/${endpoint}`, {
    to: 'outpost.internal:9080',
    headers: { cookie: `session=${SECRET}`, authorization: `Bearer ${SECRET}`, ...headers },
  })

interface Event {
  readonly action: string
  readonly app: string
  readonly context: Readonly<Record<string, unknown>>
}
async function told(reason: string): Promise<readonly Event[]> {
  const { body } = await fleet.core.api('GET', '/events/events/?action=configuration_error&page_size=100')
  return body.results.filter(({ context }: Event) => context['reason'] === reason)
}

const traefik = (change: object) => ({
  'x-forwarded-proto': 'http',
  'x-forwarded-host': fleet.host('app'),
  'x-forwarded-uri': `/?token=${SECRET}`,
  ...change,
})
const nginx = (url: string) => ({ 'x-original-url': url })
const questions: ReadonlyArray<[reason: string, endpoint: string, headers: () => Record<string, string | string[]>]> = [
  ['missing-header', 'nginx', () => ({})],
  ['malformed-scheme', 'traefik', () => traefik({ 'x-forwarded-proto': SECRET })],
  ['malformed-url', 'nginx', () => nginx(`http://user:${SECRET}@app/`)],
  ['malformed-host', 'nginx', () => nginx('http://[::1')],
  ['malformed-target', 'caddy', () => traefik({ 'x-forwarded-uri': `//${SECRET}` })],
  ['contradicting-headers', 'nginx', () => traefik(nginx(`http://${fleet.host('app')}/${SECRET}`))],
  ['unknown-host', 'traefik', () => traefik({ 'x-forwarded-host': 'nobody.example' })],
]
for (const [reason, endpoint, headers] of questions)
  test(`PX-04: ${reason} is refused, and told of once a minute with nothing of what the visitor sent`, async () => {
    assert.equal((await ask(endpoint, headers())).status, 401)
    await until('the event', async () => (await told(reason)).length === 1)
    for (let again = 0; again < 5; again++) assert.equal((await ask(endpoint, headers())).status, 401)
    clock.aheadMs += MINUTE_MS
    assert.equal((await ask(endpoint, headers())).status, 401)
    await until('the event of the next minute', async () => (await told(reason)).length > 1)
    const events = await told(reason)
    assert.equal(events.length, 2)
    for (const event of events) {
      assert.equal(event.app, 'authentik.providers.proxy')
      assert.equal(event.context['endpoint'], `${ENDPOINT}/${endpoint}`)
      assert.equal(event.context['host'], reason === 'unknown-host' ? 'nobody.example' : '')
      assert.doesNotMatch(JSON.stringify(event), new RegExp(SECRET))
    }
  })
