import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { eq, inArray } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { applyBlueprint, parseBlueprint } from '#core/blueprints/apply-blueprint.ts'
import { BlueprintError } from '#core/blueprints/blueprint-error.ts'
import { shippedFiles } from '#core/blueprints/shipped-files.ts'
import { ensureScopeMappings } from '#core/bootstrap/scope-mappings.ts'
import type { CoreContext } from '#core/context.ts'
import { verifyPassword } from '#core/crypto/passwords.ts'
import * as applicationTables from '#core/store/tables/applications.ts'
import * as flowTables from '#core/store/tables/flows.ts'
import * as outpostTables from '#core/store/tables/outposts.ts'
import * as policyTables from '#core/store/tables/policies.ts'
import { events } from '#core/store/tables/system.ts'
import * as userTables from '#core/store/tables/users.ts'
import type { JsonObject } from '#schema/kernel/deep-merge.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'
import { startCore } from '#test/support/core.ts'
import { startPostgresql } from '#test/support/engines/postgresql.ts'
import { hasTool } from '#test/support/engines/tools.ts'

const { groups, sessions, users } = userTables

let bench: ApiBench
let ctx: CoreContext
before(async () => {
  bench = await startApi()
  ctx = bench.ctx
})
after(() => bench[Symbol.asyncDispose]())

/** A blueprint of these entries, one a line of YAML's flow style. */
const blueprint = (...entries: readonly string[]) =>
  ['version: 1', 'metadata: { name: Of the tests }', 'entries:', ...entries.map((entry) => `  - { ${entry} }`)].join(
    '\n',
  )
const group = (name: string, rest = '') => `model: authentik_core.group, identifiers: { name: ${name} }${rest}`
const apply = (text: string, context: JsonObject = {}) => applyBlueprint(ctx, parseBlueprint(text), context)
const groupsNamed = (...names: string[]) => ctx.db.select().from(groups).where(inArray(groups.name, names))
const refusal = async (text: string, context: JsonObject = {}): Promise<string> => {
  const error = await apply(text, context).then(
    () => undefined,
    (thrown) => thrown,
  )
  assert.ok(error instanceof BlueprintError, String(error))
  return error.detail
}

suite('BP-04: one entry that fails', () => {
  const bad: ReadonlyArray<[what: string, entry: string, said: RegExp]> = [
    [
      'a wrong field',
      group('c', ', attrs: { is_superuser: perhaps }'),
      /^entry 3 \(authentik_core\.group\): is_superuser:/,
    ],
    [
      'a missing field',
      'model: authentik_flows.flow, identifiers: { slug: x }',
      /^entry 3 \(authentik_flows\.flow\): .*name:/,
    ],
    [
      'a reference to nothing',
      group('c', ', attrs: { parent: 8b0f5f5e-0000-4000-8000-000000000000 }'),
      /parent: Invalid pk/,
    ],
    ['an unknown model', 'model: authentik_core.nothing, identifiers: { name: x }', /^entry 3 .*unknown model/],
    [
      'an unknown identifier',
      'model: authentik_core.group, identifiers: { nothing: x }',
      /^entry 3 .*no column for nothing/,
    ],
    ['no identifier', 'model: authentik_core.group, identifiers: {}', /^entry 3 .*identifiers are not empty/],
    [
      'an identifier that fits several',
      'model: authentik_core.group, identifiers: { is_superuser: false }',
      /^entry 3 .*more than one/,
    ],
    ['a tag that nothing answers', group('!Context nothing'), /^entry 3 .*!Context: there is no "nothing"/],
    [
      'a value that only the database refuses',
      group('c', ', attrs: { attributes: { a: "\\0" } }'),
      /^entry 3 \(authentik_core\.group\)/,
    ],
  ]
  for (const [what, entry, said] of bad)
    test(`${what} undoes everything, and is named`, async () => {
      const [kept] = await groupsNamed('bp-kept')
      if (kept === undefined) await apply(blueprint(group('bp-kept', ', attrs: { attributes: { is: before } }')))
      const before = await groupsNamed('bp-kept', 'a', 'b', 'c')
      const text = blueprint(
        group('a', ', id: a'),
        group('bp-kept', ', attrs: { attributes: { is: after } }'),
        entry,
        group('b'),
      )
      assert.match(await refusal(text), said)
      assert.deepEqual(await groupsNamed('bp-kept', 'a', 'b', 'c'), before)
    })
})

suite('states', () => {
  const before = { is: 'before' }
  const wanted = { is: 'after' }
  const rows: ReadonlyArray<[state: string, exists: boolean, then: JsonObject | undefined | BlueprintError]> = [
    ['present', false, wanted],
    ['present', true, wanted],
    ['created', false, wanted],
    ['created', true, before],
    ['must_created', false, wanted],
    ['must_created', true, new BlueprintError('entry 1 (authentik_core.group): the object exists already')],
    ['absent', false, undefined],
    ['absent', true, undefined],
  ]
  for (const [state, exists, then] of rows)
    test(`${state}, and the object ${exists ? 'exists' : 'does not exist'}`, async () => {
      const name = `state-${state}-${exists}`
      const [made] = exists ? await ctx.db.insert(groups).values({ name, attributes: before }).returning() : []
      const applied = apply(blueprint(group(name, `, state: ${state}, attrs: { attributes: { is: after } }`)))
      if (then instanceof BlueprintError) await assert.rejects(applied, { detail: then.detail })
      else await applied
      const [row] = await groupsNamed(name)
      assert.deepEqual(row?.attributes, then instanceof BlueprintError ? before : then)
      if (made !== undefined && row !== undefined) assert.equal(row.groupUuid, made.groupUuid)
    })

  test('an unknown state is refused before anything is applied', () =>
    assert.throws(() => parseBlueprint(blueprint(group('x', ', state: perhaps'))), BlueprintError))
})

suite('conditions', () => {
  const conditions: ReadonlyArray<[conditions: string, applied: boolean]> = [
    ['[]', true],
    ['[true]', true],
    ['[false]', false],
    ['[!Context yes]', true],
    ['[!Context no]', false],
    ['[!Context yes, !Context no]', false],
    ['[!Context [missing, true]]', true],
    ['[!Find [authentik_core.group, [name, bp-nobody-has-this]]]', false],
    ['[!Find [authentik_core.group, [name, authentik Admins]]]', true],
    ['[!If [!Context no, true, false]]', false],
  ]
  for (const [index, [text, applied]] of conditions.entries())
    test(`${text} is ${applied ? 'met' : 'not met'}`, async () => {
      const name = `condition-${index}`
      await apply(blueprint(group(name, `, conditions: ${text}`)), { yes: true, no: false })
      assert.equal((await groupsNamed(name)).length, applied ? 1 : 0)
    })

  for (const state of ['present', 'absent'])
    test(`the key of an entry that left nothing behind (${state}) is no key`, async () => {
      const first = group('condition-key', `, id: left-out, state: ${state}, conditions: [${state === 'absent'}]`)
      const text = blueprint(first, group('condition-child', ', attrs: { parent: !KeyOf left-out }'))
      assert.match(await refusal(text), /^entry 2 .*!KeyOf: no entry above has the id "left-out"/)
      assert.deepEqual(await groupsNamed('condition-child'), [])
    })
})

/** Every row of every table that a blueprint can write to, and how much has been recorded about them. */
async function everything(): Promise<string> {
  const tables = [applicationTables, flowTables, outpostTables, policyTables, userTables, { events }]
    .flatMap((module) => Object.values(module))
    .filter((each) => typeof each === 'object')
  const rows = await Promise.all(tables.map((table) => ctx.db.select().from(table as PgTable)))
  return JSON.stringify(rows.map((of) => of.map((row) => JSON.stringify(row)).toSorted()))
}

const SAMPLE = {
  core_url: 'http://localhost:9000',
  sample_external_host: 'http://sample.localhost:9080',
  sample_internal_host: 'http://127.0.0.1:9081',
  forward_external_host: 'http://forward.localhost:8080',
  sample_password: 'The-Sample-Password-1!',
  sample_radius_secret: 'the-sample-radius-secret',
}

suite('BP-05: applied again', () => {
  test('what comes with the core changes nothing, tells nobody and ends nothing', async () => {
    await ensureScopeMappings(ctx)
    for (const { text } of shippedFiles()) await apply(text, SAMPLE)
    const first = await everything()
    assert.match(first, /sample\.localhost/)
    for (const { text } of shippedFiles()) await apply(text, SAMPLE)
    assert.equal(await everything(), first)
  })

  test('only what differs is written and told', async () => {
    const entry = 'model: authentik_core.user, identifiers: { username: changing }'
    await apply(blueprint(`${entry}, attrs: { name: One, email: a@example.com, password: First-Password-1! }`))
    const [before] = await ctx.db.select().from(users).where(eq(users.username, 'changing'))
    const known = (await ctx.db.select().from(events)).length
    await apply(blueprint(`${entry}, attrs: { name: Two, email: a@example.com, password: First-Password-1! }`))
    const [then] = await ctx.db.select().from(users).where(eq(users.username, 'changing'))
    assert.deepEqual(then, { ...before, name: 'Two' })
    const recorded = (await ctx.db.select().from(events).orderBy(events.created)).slice(known)
    assert.deepEqual(
      recorded.map(({ action, context }) => [action, context['changed']]),
      [['model_updated', ['name']]],
    )
  })

  test('a password that is another one ends what the old one has opened', async () => {
    const entry = (password: string) =>
      blueprint(
        `model: authentik_core.user, identifiers: { username: opened }, attrs: { name: x, password: ${password} }`,
      )
    await apply(entry('First-Password-1!'))
    const find = async () => (await ctx.db.select().from(users).where(eq(users.username, 'opened')))[0]!
    const { id } = await find()
    const open = () => ctx.db.select().from(sessions).where(eq(sessions.userId, id))
    await ctx.db.insert(sessions).values({ keyHash: 'of-the-test', userId: id, expires: new Date(Date.now() + 60_000) })
    await apply(entry('First-Password-1!'))
    assert.equal((await open()).length, 1)
    await apply(entry('Second-Password-1!'))
    assert.deepEqual(await open(), [])
    assert.equal(await verifyPassword('Second-Password-1!', (await find()).password), true)
  })

  test('from many callers at once, everything is there once', async (t) => {
    if (!(await hasTool(t, '/usr/lib/postgresql/*/bin/postgres', 'postgresql'))) return
    await using server = await startPostgresql()
    await using core = await startCore({ database: await server.newDatabase('martello'), sample: false })
    const text = blueprint(
      group('many', ', id: many'),
      'model: authentik_core.user, identifiers: { username: many }, attrs: { name: x, groups: [!KeyOf many], password: Many-1! }',
      'model: authentik_flows.flow, identifiers: { slug: many }, attrs: { name: m, title: m, designation: authentication }',
    )
    const { ctx: replicated } = core.core
    await Promise.all(Array.from({ length: 6 }, () => applyBlueprint(replicated, parseBlueprint(text), {})))
    const { body } = await core.api('GET', '/core/users/?username=many')
    assert.equal(body.pagination.count, 1)
    const { body: changes } = await core.api('GET', '/events/events/?action=model_updated')
    assert.equal(changes.pagination.count, 0, 'whoever came later had nothing to do')
  })
})

suite('by the API', () => {
  const instance = async (content: string, context: JsonObject = {}) => {
    const name = `instance ${Math.random()}`
    const made = await bench.ask('POST', 'managed/blueprints/', { json: { name, content, context } })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    return made.body.pk as string
  }
  const applied = (pk: string, as?: string) =>
    bench.ask('POST', `managed/blueprints/${pk}/apply/`, as === undefined ? {} : { as })

  test('applied: its context counts, and it says what it manages', async () => {
    const pk = await instance(blueprint(group('!Context name')), { name: 'by-the-api' })
    const { status, body } = await applied(pk)
    assert.deepEqual([status, body.status, body.managed_models], [200, 'successful', ['authentik_core.group']])
    assert.equal(body.metadata.name, 'Of the tests')
    assert.equal((await groupsNamed('by-the-api')).length, 1)
  })

  test('failed: nothing is applied, what was applied before is said to be, and the status is error', async () => {
    const pk = await instance(blueprint(group('api-a'), group('!Context name')), { name: 'api-b' })
    const { body: good } = await applied(pk)
    await bench.ask('PATCH', `managed/blueprints/${pk}/`, { json: { context: {} } })
    await ctx.db.delete(groups).where(eq(groups.name, 'api-a'))
    const { status, body } = await applied(pk)
    assert.deepEqual([status, body.status, body.last_applied], [200, 'error', good.last_applied])
    assert.deepEqual(await groupsNamed('api-a'), [])
  })

  test('BP-07: only a superuser may', async () => {
    const pk = await instance(blueprint(group('not-by-everybody')))
    const { token } = await bench.plainUser('plain-with-blueprints')
    assert.equal((await applied(pk, token)).status, 403)
    assert.deepEqual(await groupsNamed('not-by-everybody'), [])
  })

  test('a text that is no blueprint is refused when it is saved', async () => {
    for (const content of ['a: [', 'version: 2', blueprint('model: x'), blueprint(group('x', ', state: perhaps'))]) {
      const { status, body } = await bench.ask('POST', 'managed/blueprints/', { json: { name: 'no', content } })
      assert.deepEqual([status, Object.keys(body)], [400, ['content']])
    }
  })
})

suite('BP-12: secrets', () => {
  const SECRET = 'Kept-To-Itself-1!'
  const flow = '!Find [authentik_flows.flow, [slug, secret-flow]]'
  const provider = (more: string) =>
    `model: authentik_providers_oauth2.oauth2provider, identifiers: { name: secret }, attrs: { authorization_flow: ${flow}, client_secret: !Context secret${more} }`
  const user = (attrs: string) =>
    `model: authentik_core.user, identifiers: { username: secretive }, attrs: { ${attrs} }`
  before(() =>
    apply(
      blueprint(
        'model: authentik_flows.flow, identifiers: { slug: secret-flow }, attrs: { name: s, title: s, designation: authorization }',
      ),
    ),
  )

  const failing: ReadonlyArray<[what: string, entry: string]> = [
    ['beside a wrong field', provider(', client_type: perhaps')],
    ['that is too long', `${provider('').replace('!Context secret', '!Context long')}`],
    ['in a list', user('name: x, password: [!Context secret]')],
    ['that is a number', user('name: x, password: 12345678')],
    ['of an unnamed user', user('password: !Context secret')],
    ['formatted into a tag', user('name: !Context [[!Context secret]], password: !Context secret')],
  ]
  for (const [what, entry] of failing)
    test(`${what} is in no error`, async () => {
      const context = { secret: SECRET, long: SECRET.repeat(20) }
      const error = await apply(blueprint(entry), context).then(
        () => assert.fail('applied'),
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof BlueprintError)
      assert.doesNotMatch(error.detail, /Kept-To-Itself|12345678/)
    })

  test('are in no event and no answer of the API, and are sealed or hashed in the database', async () => {
    const entries = [user('name: x, password: !Context secret'), provider('')]
    await apply(blueprint(...entries), { secret: SECRET })
    const { body } = await bench.ask('GET', 'providers/oauth2/?name=secret')
    assert.equal(body.results.length, 1)
    assert.ok((await everything()).includes('secretive'))
    for (const text of [await everything(), JSON.stringify(body)]) assert.equal(text.includes(SECRET), false)
    const [row] = await ctx.db.select().from(users).where(eq(users.username, 'secretive'))
    assert.equal(await verifyPassword(SECRET, row!.password), true)
  })
})
