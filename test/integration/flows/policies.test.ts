import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CookieJar } from '#test/support/browser.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { newFlow, newStage } from '#test/support/flows.ts'
import { answerPassword, executorUrl, identify, statusOfMe } from '#test/support/sign-in.ts'

const HERE = '127.0.0.1'
const DENIED = 'ak-stage-access-denied'

let core: TestCore
const stages = new Map<string, string>()
before(async () => {
  core = await startCore()
  const named = { user_fields: ['username'] }
  const inbuilt = { backends: ['authentik.core.auth.InbuiltBackend'] }
  stages.set('identification', await newStage(core, 'identification', 'p-identification', named))
  stages.set('password', await newStage(core, 'password', 'p-password', inbuilt))
  stages.set('user_login', await newStage(core, 'user_login', 'p-login'))
})
after(() => core[Symbol.asyncDispose]())

/** Where a policy is bound: to the flow, or to its password stage with these flags. */
const LEVELS = {
  flow: {},
  'stage, when planned': { evaluate_on_plan: true, re_evaluate_policies: false },
  'stage, when reached': { evaluate_on_plan: false, re_evaluate_policies: true },
  'stage, both times': { evaluate_on_plan: true, re_evaluate_policies: true },
} as const
type Level = keyof typeof LEVELS

let made = 0
/** A flow that signs in, with an expression bound at this level; its address. */
async function guarded(level: Level, expression: string, binding: object = {}): Promise<string> {
  const name = `guarded-${made++}`
  const slug = await newFlow(core, name, 'authentication', [...stages.values()], LEVELS[level])
  const { body: policy } = await core.api('POST', '/policies/expression/', { name, expression })
  const { body: flow } = await core.api('GET', `/flows/instances/${slug}/`)
  const { body: bindings } = await core.api('GET', `/flows/bindings/?target=${flow.pk}&stage=${stages.get('password')}`)
  const target = level === 'flow' ? flow.policybindingmodel_ptr_id : bindings.results[0].policybindingmodel_ptr_id
  const bound = await core.api('POST', '/policies/bindings/', { policy: policy.pk, target, order: 0, ...binding })
  assert.equal(bound.status, 201, JSON.stringify(bound.body))
  return executorUrl(core, slug)
}

/** How many failures of policies were kept, and the newest. */
async function exceptions(): Promise<{
  count: number
  newest: { client_ip: string; context: Record<string, string> }
}> {
  const { body } = await core.api('GET', '/events/events/?action=policy_exception&ordering=-created&page_size=1')
  return { count: body.pagination.count, newest: body.results[0] }
}

/** What a visitor from this address meets, up to the end or a refusal. */
async function walk(url: string, forwardedFor: string | undefined): Promise<{ seen: readonly string[]; me: number }> {
  const jar = new CookieJar()
  const from = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  const seen: string[] = []
  for (const answer of [undefined, identify('demo'), answerPassword(SAMPLE_PASSWORD)]) {
    const { body } = await jar.step(url, answer, from)
    seen.push(body.component)
    if (body.component === DENIED) break
  }
  return { seen, me: await statusOfMe(core, jar) }
}

const SIGNED_IN = { seen: ['ak-stage-identification', 'ak-stage-password', 'xak-flow-redirect'], me: 200 }
/** The refusal comes where the policy is asked: at once, or when the stage is reached. */
const refusedAt = (level: Level) => ({
  seen: level === 'stage, when reached' ? ['ak-stage-identification', DENIED] : [DENIED],
  me: 403,
})

/** Four loops over 400 items in one another: hours of work, and ended long before. */
const ENDLESS = (() => {
  const list = `[${Array.from({ length: 400 }, (_, index) => index).join(', ')}]`
  return `${list}.all(a, ${list}.all(b, ${list}.all(c, ${list}.all(d, a + b + c + d >= 0))))`
})()

/** Addresses that are none; whoever sends one is who the connection says. */
const STRANGE = [
  'a',
  '1.2.3.4, x',
  'x'.repeat(10_000),
  '',
  '999.1.1.1',
  '::ffff:1.2.3',
  "1.2.3.4'--",
  'unknown',
  '[::1]:80',
  'fe80::1%eth0',
]
const levels = Object.keys(LEVELS) as Level[]

for (const level of levels)
  suite(`FL-06: a policy at the ${level}`, () => {
    test('sees who the connection says, whatever is no address', async () => {
      const url = await guarded(level, `request.client_ip == "${HERE}"`)
      for (const address of [undefined, ...STRANGE])
        assert.deepEqual(await walk(url, address), SIGNED_IN, String(address))
    })

    test('sees the address that a trusted proxy tells', async () => {
      const url = await guarded(level, 'request.client_ip == "2001:db8::7"')
      assert.deepEqual(await walk(url, '203.0.113.9, 2001:db8::7'), SIGNED_IN)
      const { me } = await walk(url, '2001:db8::7, 203.0.113.9')
      assert.equal(me, 403)
    })

    const broken: ReadonlyArray<[what: string, expression: string, binding: object]> = [
      ['throws', 'context.nothing.here == 1', {}],
      ['throws for this address only', `request.client_ip != "${HERE}" || context.nothing.here == 1`, {}],
      ['gives a text', 'request.client_ip', {}],
      ['gives a map', 'context.flow', {}],
      ['throws, negated', 'context.nothing.here == 1', { negate: true }],
      ['does not end', ENDLESS, {}],
      ['does not end, negated', ENDLESS, { negate: true }],
    ]
    for (const [what, expression, binding] of broken)
      test(`that ${what} denies, leaves no stage out, and is audited`, async () => {
        const url = await guarded(level, expression, binding)
        for (const address of [undefined, 'a', '1.2.3.4, x', '']) {
          const before = await exceptions()
          assert.deepEqual(await walk(url, address), refusedAt(level), String(address))
          const { count, newest } = await exceptions()
          assert.equal(count, before.count + 1)
          assert.match(newest.context['message']!, /policy guarded-\d+ failed/)
          assert.equal(expression === ENDLESS, /longer than/.test(newest.context['message']!))
          assert.equal(newest.context['flow'], new URL(url).pathname.split('/').at(-2))
          assert.equal(newest.client_ip, HERE)
        }
      })

    test('that throws passes where the administrator has said so', async () => {
      const url = await guarded(level, 'context.nothing.here == 1', { failure_result: true })
      assert.deepEqual(await walk(url, undefined), SIGNED_IN)
    })
  })

test('FL-06: an expression that cannot be true or false is refused when it is saved', async () => {
  for (const expression of ['1 + 1', '"yes"', '[true]', 'request.client_ip ==']) {
    const { status, body } = await core.api('POST', '/policies/expression/', { name: expression, expression })
    assert.deepEqual([status, Object.keys(body)], [400, ['expression']])
  }
})
