import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { CookieJar } from '#test/support/browser.ts'
import { startCore, type TestCore } from '#test/support/core.ts'

/** One exchange with the reference's executor; `flow_info` is left out, avatars and request ids are `*`. */
interface Recorded {
  readonly session: string
  readonly note: string
  readonly method: string
  readonly path: string
  readonly type?: string
  readonly body?: string
  readonly status: number
  readonly location?: string
  readonly answer?: Readonly<Record<string, unknown>>
}

const VECTORS = join(import.meta.dirname, '..', '..', 'vectors', 'flow', 'executor.jsonl')
const recorded = readFileSync(VECTORS, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded)

let core: TestCore
before(async () => {
  core = await startCore({ sample: false })
  for (const [username, is_active] of [
    ['recorded', true],
    ['recorded-inactive', false],
  ] as const) {
    const { body } = await core.api('POST', '/core/users/', { username, name: username, is_active })
    await core.api('POST', `/core/users/${body.pk}/set_password/`, { password: 'Recorded-Password-77!' })
  }
})
after(() => core[Symbol.asyncDispose]())

/** The answer as it was recorded: what differs from day to day is masked, what later clients need is left out. */
function masked({ flow_info, flow_designation: _, ...answer }: Record<string, unknown>): Record<string, unknown> {
  const isShown = answer['component'] !== 'xak-flow-redirect' && answer['component'] !== 'ak-stage-flow-error'
  assert.equal(typeof flow_info, isShown ? 'object' : 'undefined')
  for (const key of ['pending_user_avatar', 'request_id']) if (typeof answer[key] === 'string') answer[key] = '*'
  return answer
}

suite('the executor speaks the recorded dialect', () => {
  for (const [session = '', exchanges = []] of Object.entries(Object.groupBy(recorded, (each) => each.session)))
    test(session, async () => {
      const jar = new CookieJar()
      for (const { method, path, type = 'application/json', body, status, location, answer, note } of exchanges) {
        const sent = body === undefined ? {} : { body, headers: { 'content-type': type } }
        const got = await jar.fetch(core.url + path, { method, ...sent })
        assert.equal(got.status, status, note)
        assert.equal(got.headers.get('location') ?? undefined, location, note)
        if (answer !== undefined) assert.deepEqual(masked((await got.json()) as Record<string, unknown>), answer, note)
      }
    })
})
