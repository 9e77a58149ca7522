import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { STAGES } from '#core/flows/stages.ts'
import { CookieJar } from '#test/support/browser.ts'
import { ADMIN_PASSWORD, SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { newFlow, newStage } from '#test/support/flows.ts'
import { answerPassword, executorUrl, identify, statusOfMe } from '#test/support/sign-in.ts'

const IDENTIFICATION = 'ak-stage-identification'
const DENIED = 'ak-stage-access-denied'
const DONE = 'xak-flow-redirect'

let core: TestCore
let executor: string
before(async () => {
  core = await startCore()
  executor = executorUrl(core)
})
after(() => core[Symbol.asyncDispose]())

const me = (jar: CookieJar) => statusOfMe(core, jar)

/** Each visitor comes from a network of their own, so that none has to wait because of the others. */
let visitors = 0
class Visitor {
  readonly jar = new CookieJar()
  readonly #from = { 'x-forwarded-for': `10.${visitors >> 8}.${visitors++ & 255}.1` }

  /** Shows the flow, or answers it; the challenge that follows. */
  async step(url: string, answer?: unknown): Promise<any> {
    const csrf = { 'x-authentik-csrf': this.jar.get('authentik_csrf') ?? '' }
    return (await this.jar.step(url, answer, { ...this.#from, ...csrf })).body
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...this.#from, ...(init.headers as Record<string, string>) }
    return this.jar.fetch(core.url + path, { ...init, headers })
  }
}

suite('FL-09: no stage of the default flow advances without its own evidence', () => {
  const useless: ReadonlyArray<[what: string, answer: unknown]> = [
    ['nothing', {}],
    ['another component', { component: 'ak-stage-password', uid_field: 'demo', password: SAMPLE_PASSWORD }],
    ['a list', []],
    ['a number', 7],
    ['a prototype', JSON.parse('{"__proto__": {"uid_field": "demo"}}')],
    ['a name that is no text', { component: IDENTIFICATION, uid_field: { $ne: '' } }],
    ['blanks', { component: IDENTIFICATION, uid_field: '   ' }],
  ]
  for (const [what, answer] of useless)
    test(`identification with ${what}`, async () => {
      const visitor = new Visitor()
      await visitor.step(executor)
      assert.equal((await visitor.step(executor, answer)).component, IDENTIFICATION)
      assert.equal((await visitor.step(executor)).component, IDENTIFICATION)
    })

  const passwords: ReadonlyArray<[what: string, answer: unknown]> = [
    ['nothing', {}],
    ['another component', identify('demo')],
    ['an empty password', answerPassword('')],
    ['a password that is no text', { component: 'ak-stage-password', password: [SAMPLE_PASSWORD] }],
    ['the password with a blank', answerPassword(`${SAMPLE_PASSWORD} `)],
    ['the login stage answered early', { component: 'ak-stage-user-login', remember_me: true }],
  ]
  for (const [what, answer] of passwords)
    test(`password with ${what}`, async () => {
      const visitor = new Visitor()
      await visitor.step(executor)
      await visitor.step(executor, identify('demo'))
      await visitor.step(executor, answer)
      assert.equal((await visitor.step(executor)).component, 'ak-stage-password')
      assert.equal(await me(visitor.jar), 403)
    })

  test('the same answer again after it was accepted', async () => {
    const visitor = new Visitor()
    await visitor.step(executor)
    await visitor.step(executor, identify('demo'))
    assert.equal((await visitor.step(executor, identify('akadmin'))).component, 'ak-stage-password')
    assert.equal((await visitor.step(executor)).pending_user, 'demo')
  })

  test('a flow for signing in that has no stage looks like no success', async () => {
    const slug = await newFlow(core, 'without-stages', 'authentication', [])
    assert.equal((await new Visitor().step(executorUrl(core, slug))).component, DENIED)
  })
})

/** What each kind needs to be made. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  identification: { user_fields: ['username'] },
  password: { backends: ['authentik.core.auth.InbuiltBackend'] },
  user_login: {},
  user_logout: {},
  dummy: {},
}
const KINDS = Object.keys(SETTINGS)
const RIGHT: Readonly<Record<string, unknown>> = {
  [IDENTIFICATION]: identify('demo'),
  'ak-stage-password': answerPassword(SAMPLE_PASSWORD),
  'ak-stage-user-login': { component: 'ak-stage-user-login', remember_me: true },
}
const SIGNS_IN = 'identification password user_login'

suite('FL-09: of all flows of up to three stages, one signs in', () => {
  const stageOf = new Map<string, string>()
  before(async () => {
    for (const [kind, fields] of Object.entries(SETTINGS))
      stageOf.set(kind, await newStage(core, kind, `shared-${kind}`, fields))
  })
  const flowOf = (kinds: readonly string[]) =>
    newFlow(
      core,
      `generated-${kinds.join('-').replaceAll('_', '')}`,
      'stage_configuration',
      kinds.map((kind) => stageOf.get(kind)!),
    )

  test('every kind is tried', () =>
    assert.deepEqual(
      Object.keys(STAGES).filter((kind) => !KINDS.includes(kind)),
      [],
    ))

  const singles = KINDS.map((kind) => [kind])
  const pairs = singles.flatMap((kinds) => KINDS.map((kind) => [...kinds, kind]))
  const triples = pairs.flatMap((kinds) => KINDS.map((kind) => [...kinds, kind]))
  const flows = [...singles, ...pairs, ...triples.filter((kinds) => kinds.includes('user_login'))].filter(
    // A stage stands in a flow once.
    (kinds) => new Set(kinds).size === kinds.length,
  )

  for (const kinds of flows)
    test(`${kinds.join(', ')}, each answered rightly`, async () => {
      const url = executorUrl(core, await flowOf(kinds))
      const visitor = new Visitor()
      let challenge = await visitor.step(url)
      for (let steps = 0; steps < kinds.length && challenge.component in RIGHT; steps++)
        challenge = await visitor.step(url, RIGHT[challenge.component])
      const signsIn = kinds.join(' ') === SIGNS_IN
      assert.equal(await me(visitor.jar), signsIn ? 200 : 403)
      if (signsIn) assert.equal(challenge.component, DONE)
    })

  const answers = [{}, [], null, 'text', { component: 'x' }, ...Object.values(RIGHT), { remember_me: true }]
  for (const kind of KINDS)
    test(`${kind} alone, answered with anything`, async () => {
      const url = executorUrl(core, `generated-${kind.replaceAll('_', '')}`)
      const visitor = new Visitor()
      for (const answer of [undefined, ...answers, ...answers]) {
        assert.ok((await visitor.step(url, answer)).component, kind)
        assert.equal(await me(visitor.jar), 403)
      }
    })
})

suite('FL-09: identification that asks for the password too', () => {
  let url: string
  before(async () => {
    const password_stage = await newStage(core, 'password', 'embedded-password', SETTINGS['password'])
    const fields = { ...SETTINGS['identification'], password_stage }
    const stages = [
      await newStage(core, 'identification', 'with-password', fields),
      await newStage(core, 'user_login', 'after-with-password'),
    ]
    url = executorUrl(core, await newFlow(core, 'embedded', 'authentication', stages))
  })
  const answer = (uid_field: unknown, password?: unknown) => ({ component: IDENTIFICATION, uid_field, password })

  const useless: ReadonlyArray<[what: string, answer: unknown]> = [
    ['nothing', {}],
    ['a name alone', answer('demo')],
    ['a name and nothing', answer('demo', '')],
    ['a name and null', answer('demo', null)],
    ['a wrong password', answer('demo', `${SAMPLE_PASSWORD} `)],
    ["somebody else's password", answer('demo', ADMIN_PASSWORD)],
    ['a password in a list', answer('demo', [SAMPLE_PASSWORD])],
    ['a password without a name', answer(undefined, SAMPLE_PASSWORD)],
    ['nobody and a password', answer('nobody-has-this', SAMPLE_PASSWORD)],
    ['another component', { ...answerPassword(SAMPLE_PASSWORD), uid_field: 'demo' }],
  ]
  for (const [what, given] of useless)
    test(what, async () => {
      const visitor = new Visitor()
      assert.equal((await visitor.step(url)).password_fields, true)
      for (const shown of [await visitor.step(url, given), await visitor.step(url)])
        assert.equal(shown.component, IDENTIFICATION)
      assert.equal(await me(visitor.jar), 403)
    })

  test('the right one signs in, also after wrong ones', async () => {
    const visitor = new Visitor()
    await visitor.step(url)
    await visitor.step(url, answer('demo', 'wrong'))
    assert.equal((await visitor.step(url, answer('demo', SAMPLE_PASSWORD))).component, DONE)
    assert.equal(await me(visitor.jar), 200)
  })

  test('who was right is forgotten when somebody else is named', async () => {
    const stages = [
      await newStage(core, 'identification', 'first-with-password', {
        ...SETTINGS['identification'],
        password_stage: await newStage(core, 'password', 'first-embedded', SETTINGS['password']),
      }),
      await newStage(core, 'identification', 'second-without', SETTINGS['identification']),
      await newStage(core, 'user_login', 'after-both'),
    ]
    const twice = executorUrl(core, await newFlow(core, 'named-twice', 'authentication', stages))
    const visitor = new Visitor()
    await visitor.step(twice)
    await visitor.step(twice, answer('demo', SAMPLE_PASSWORD))
    assert.equal((await visitor.step(twice, identify('akadmin'))).component, DENIED)
    assert.equal(await me(visitor.jar), 403)
  })
})

suite('FL-09: a login stage that offers to remember', () => {
  let url: string
  before(async () => {
    const fields = { remember_me_offset: 'days=30', session_duration: 'hours=1' }
    const stages = [
      await newStage(core, 'identification', 'remember-identification', SETTINGS['identification']),
      await newStage(core, 'password', 'remember-password', SETTINGS['password']),
      await newStage(core, 'user_login', 'remember-login', fields),
    ]
    url = executorUrl(core, await newFlow(core, 'remember', 'authentication', stages))
  })
  const asked = async () => {
    const visitor = new Visitor()
    await visitor.step(url)
    await visitor.step(url, identify('demo'))
    assert.equal((await visitor.step(url, answerPassword(SAMPLE_PASSWORD))).component, 'ak-stage-user-login')
    return visitor
  }

  for (const answer of [
    {},
    [],
    null,
    7,
    { remember_me: 'perhaps' },
    { remember_me: 1 },
    { remember_me: [true] },
    identify('demo'),
  ])
    test(`${JSON.stringify(answer)} is no answer`, async () => {
      const visitor = await asked()
      for (const shown of [await visitor.step(url, answer), await visitor.step(url)])
        assert.equal(shown.component, 'ak-stage-user-login')
      assert.equal(await me(visitor.jar), 403)
    })

  for (const [remember_me, days] of [
    [true, 30],
    [false, 0],
  ] as const)
    test(`${remember_me ? 'yes' : 'no'} signs in, for as long as that says`, async () => {
      const visitor = await asked()
      const from = Date.now()
      assert.equal((await visitor.step(url, { component: 'ak-stage-user-login', remember_me })).component, DONE)
      const { body } = await core.api('GET', '/core/authenticated_sessions/?ordering=-expires&user__username=demo')
      const longest = Math.max(...body.results.map((each: { expires: string }) => Date.parse(each.expires) - from))
      assert.equal(Math.floor(longest / 86_400_000), days)
      await core.api('DELETE', `/core/authenticated_sessions/${body.results[0].uuid}/`)
    })
})

suite('FL-09: a form that says nothing', () => {
  const PATH = '/if/flow/default-authentication-flow/'
  const csrfOf = (html: string) => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''
  const typed = { 'content-type': 'application/x-www-form-urlencoded' }
  const reached: Readonly<Record<string, readonly unknown[]>> = {
    [IDENTIFICATION]: [],
    'ak-stage-password': [identify('demo')],
  }
  const forms: ReadonlyArray<[what: string, init: (csrf: string) => RequestInit, status: number]> = [
    ['no body', () => ({}), 403],
    ['an empty body', () => ({ body: '', headers: typed }), 403],
    ['separators', () => ({ body: '&&=&', headers: typed }), 403],
    ['a body of another kind', () => ({ body: '{}', headers: { 'content-type': 'application/json' } }), 403],
    ['the token alone', (csrf) => ({ body: new URLSearchParams({ csrf }) }), 422],
    [
      'the token, and empty fields',
      (csrf) => ({ body: new URLSearchParams({ csrf, uid_field: '', password: '' }) }),
      422,
    ],
  ]
  for (const [component, answers] of Object.entries(reached))
    for (const [what, init, status] of forms)
      test(`${component} with ${what}`, async () => {
        const visitor = new Visitor()
        const executor = executorUrl(core)
        await visitor.step(executor)
        for (const answer of answers) await visitor.step(executor, answer)
        const csrf = csrfOf(await (await visitor.fetch(PATH)).text())
        const posted = await visitor.fetch(PATH, { method: 'POST', ...init(csrf) })
        assert.equal(posted.status, status)
        assert.equal((await visitor.step(executor)).component, component)
        assert.equal(await me(visitor.jar), 403)
      })
})
