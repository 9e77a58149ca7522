import assert from 'node:assert/strict'
import test, { after, before, beforeEach } from 'node:test'
import { inArray } from 'drizzle-orm'
import { events } from '#core/store/tables/system.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

const SLOW = '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!".matches("^(a+)+$")'

let api: ApiBench
let person: { readonly id: number; readonly token: string }
let application: { readonly pk: string; readonly slug: string }
before(async () => {
  api = await startApi()
  person = await api.plainUser('person')
  application = await post('core/applications/', { name: 'Wiki', slug: 'wiki', policy_engine_mode: 'all' })
})
after(() => api[Symbol.asyncDispose]())
beforeEach(async () => {
  const { body } = await api.ask('GET', 'policies/bindings/')
  for (const { pk } of body.results) await api.ask('DELETE', `policies/bindings/${pk}/`)
})

async function post(path: string, json: object): Promise<any> {
  const { status, body } = await api.ask('POST', path, { json })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

let policies = 0
async function bindPolicy(expression: string, options: object = {}): Promise<{ pk: string }> {
  const policy = await post('policies/expression/', { name: `policy-${policies++}`, expression })
  return post('policies/bindings/', { target: application.pk, policy: policy.pk, order: policies, ...options })
}

const checkAccess = async (as = person.token, query = '') =>
  (await api.ask('GET', `core/applications/wiki/check_access/${query}`, { as })).body

const kept = (...actions: string[]) =>
  api.ctx.db.select().from(events).where(inArray(events.action, actions)).orderBy(events.created)

const DECISIONS = ['authorize_application', 'authorize_denied']
const decided = async (id: string) => (await kept(...DECISIONS)).filter(({ context }) => context['decision'] === id)

for (const [allowed, action] of [
  [true, 'authorize_application'],
  [false, 'authorize_denied'],
] as const)
  test(`a decision that ${allowed ? 'lets somebody in' : 'refuses somebody'} is explained by its id`, async () => {
    const user = await post('policies/bindings/', { target: application.pk, user: person.id, order: 0 })
    const policy = await bindPolicy(`user.username == "${allowed ? 'person' : 'somebody else'}"`)
    const { passing, decision, log_messages } = await checkAccess()
    assert.deepEqual([passing, log_messages], [allowed, []])
    const [event, ...more] = await decided(decision)
    assert.deepEqual([event?.action, event?.user['username'], event?.clientIp], [action, 'person', '127.0.0.1'])
    assert.equal(more.length, 0)
    const told = event!.context['bindings'] as { binding: string; passing: boolean; reason: string }[]
    assert.deepEqual(
      told.map((each) => [each.binding, each.passing]),
      [
        [user.pk, true],
        [policy.pk, allowed],
      ],
    )
    for (const { reason } of told) assert.match(reason, /^(?:user \d+|policy policy-\d+): (?:yes|no)$/)
  })

test('somebody without bindings to say no is let in, and that is kept too', async () => {
  const [event] = await decided((await checkAccess()).decision)
  assert.deepEqual([event?.context['reason'], event?.context['bindings']], ['nothing is bound', []])
})

test('a superuser who asks about somebody is told every reason, and nothing is kept of it', async () => {
  const { pk } = await bindPolicy('false')
  const { passing, decision, log_messages } = await checkAccess(api.adminToken, `?for_user=${person.id}`)
  assert.equal(passing, false)
  assert.deepEqual(
    log_messages.map((each: any) => [each.attributes, each.event]),
    [[{ binding: pk, passing: false }, `policy policy-${policies - 1}: no`]],
  )
  assert.deepEqual(await decided(decision), [])
})

test('what was decided about an application is counted for it', async () => {
  await checkAccess()
  const { body } = await api.ask('GET', 'core/applications/wiki/metrics/')
  assert.ok(body.length > 0)
})

const broken: ReadonlyArray<[what: string, expression: string, options: object, passing: boolean]> = [
  ['fails', 'user.nothing.there == 1', {}, false],
  ['takes too long', SLOW, { timeout: 1 }, false],
  ['takes too long, without a timeout', SLOW, { timeout: 0 }, false],
  ['takes too long, and is negated', SLOW, { negate: true }, false],
  ['takes too long, and has a failure result', SLOW, { failure_result: true }, true],
]
for (const [what, expression, options, passing] of broken)
  test(`FL-06: a policy that ${what} ${passing ? 'lets in' : 'refuses'}, and auditors are told`, async () => {
    const { pk } = await bindPolicy(expression, options)
    const before = (await kept('policy_exception')).length
    const answer = await checkAccess()
    assert.equal(answer.passing, passing)
    const [event, ...more] = (await kept('policy_exception')).slice(before)
    assert.deepEqual([event?.context['binding'], event?.user['username'], more.length], [pk, 'person', 0])
    assert.match(String(event?.context['message']), /^policy policy-\d+ failed: /)
  })

test('whatever is kept has an action that clients know of', async () => {
  await bindPolicy('false')
  await checkAccess()
  const { body } = await api.ask('GET', 'events/events/actions/')
  const known = new Set(body.map(({ component }: { component: string }) => component))
  const actions = new Set(
    (await api.ctx.db.selectDistinct({ action: events.action }).from(events)).map((row) => row.action),
  )
  assert.deepEqual([...actions.difference(known)], [])
  assert.ok(known.has('authorize_denied'))
})

test('the tries of a policy are not kept', async () => {
  const policy = await post('policies/expression/', { name: 'tried', expression: SLOW })
  const before = (await kept('policy_exception')).length
  const { body } = await api.ask('POST', `policies/all/${policy.pk}/test/`, { json: { user: person.id } })
  assert.equal(body.passing, false)
  assert.match(body.log_messages[0].event, /longer than/)
  assert.equal((await kept('policy_exception')).length, before)
})
