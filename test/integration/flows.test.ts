import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { STAGES } from '#core/flows/stages.ts'
import { CookieJar } from '#test/support/browser.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { answerPassword, executorUrl, identify, signIn, statusOfMe } from '#test/support/sign-in.ts'

let core: TestCore
let executor: string
before(async () => {
  core = await startCore()
  executor = executorUrl(core)
})
after(() => core[Symbol.asyncDispose]())

const me = (jar: CookieJar) => statusOfMe(core, jar)

suite('signing in', () => {
  test('the right password leads to a redirect and a session that is somebody', async () => {
    const jar = new CookieJar()
    assert.deepEqual(await signIn(core, jar), {
      type: 'redirect',
      component: 'xak-flow-redirect',
      to: '/',
    })
    assert.equal(await me(jar), 200)
  })

  test('an accepted answer is 302 to the very same address', async () => {
    const jar = new CookieJar()
    const url = `${core.url}/api/v3/flows/executor/default-authentication-flow/?query=goauthentik.io%252Foutpost%252Fldap%3Dtrue`
    await jar.fetch(url)
    const answer = await jar.fetch(url, {
      method: 'POST',
      body: JSON.stringify(identify('demo')),
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(answer.status, 302)
    assert.equal(answer.headers.get('location'), new URL(url).pathname + new URL(url).search)
  })

  test('FL-15: the session id is new after signing in, and the one from before is dead', async () => {
    const jar = new CookieJar()
    await jar.step(executor)
    const before = jar.get('authentik_session')!
    await signIn(core, jar)
    assert.notEqual(jar.get('authentik_session'), before)
    const fixed = new CookieJar()
    fixed.set('authentik_session', before)
    assert.equal(await me(fixed), 403)
  })

  test('FL-05: nobody, somebody inactive and a wrong password look the same', async () => {
    await core.api('POST', '/core/users/', { username: 'sleeping', name: 'x', is_active: false })
    const answers: unknown[] = []
    for (const username of ['demo', 'nobody-has-this', 'sleeping']) {
      const jar = new CookieJar()
      await jar.step(executor)
      const identified = await jar.step(executor, identify(username))
      const refused = await jar.step(executor, answerPassword('wrong'))
      answers.push(
        JSON.parse(
          JSON.stringify([identified, refused])
            .replaceAll(username, 'NAME')
            .replaceAll(/data:image[^"]+/g, 'IMAGE'),
        ),
      )
    }
    assert.deepEqual(answers[1], answers[0])
    assert.deepEqual(answers[2], answers[0])
  })

  test('a deactivated user does not get in with the right password', async () => {
    const leaver = { username: 'leaver', password: 'Right-Password-1!' }
    const { body: user } = await core.api('POST', '/core/users/', { username: 'leaver', name: 'x' })
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'Right-Password-1!' })
    assert.equal((await signIn(core, new CookieJar(), leaver)).component, 'xak-flow-redirect')
    await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const body = await signIn(core, new CookieJar(), leaver)
    assert.equal(body.component, 'ak-stage-password')
    assert.ok(body.response_errors.password)
  })

  test('FL-14: a flow in which the password was right before it changed signs nobody in', async () => {
    const { body: user } = await core.api('POST', '/core/users/', { username: 'racer', name: 'x' })
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'Old-Password-1!' })
    const jar = new CookieJar()
    await jar.step(executor)
    await jar.step(executor, identify('racer'))
    const accepted = await jar.fetch(executor, {
      method: 'POST',
      body: JSON.stringify(answerPassword('Old-Password-1!')),
      headers: { 'content-type': 'application/json' },
    })
    assert.equal(accepted.status, 302)
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'New-Password-1!' })
    assert.equal((await jar.step(executor)).body.component, 'ak-stage-access-denied')
    assert.equal(await me(jar), 403)
  })

  test('guesses on one account are not checked any more after ten', async () => {
    const { body: user } = await core.api('POST', '/core/users/', { username: 'target', name: 'x' })
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'Right-Password-1!' })
    for (let i = 0; i < 10; i++) await signIn(core, new CookieJar(), { username: 'target', password: `guess ${i}` })
    assert.equal(
      (await signIn(core, new CookieJar(), { username: 'target', password: 'Right-Password-1!' })).component,
      'ak-stage-password',
    )
  })

  test('FL-18: where to go afterwards is a place of ours', async () => {
    for (const [next, to] of [
      ['/if/user/', '/if/user/'],
      ['https://evil.example/', '/'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
    ] as const) {
      const url = executorUrl(core, undefined, { next })
      assert.equal((await signIn(core, new CookieJar(), { url })).to, to)
    }
  })
})

suite('FL-09: no stage advances without its own evidence', () => {
  const useless: ReadonlyArray<[what: string, answer: unknown]> = [
    ['nothing', {}],
    ['another component', { component: 'ak-stage-password', uid_field: 'demo', password: SAMPLE_PASSWORD }],
    ['a list', []],
    ['a number', 7],
    ['a prototype', JSON.parse('{"__proto__": {"uid_field": "demo"}}')],
    ['a name that is no text', { component: 'ak-stage-identification', uid_field: { $ne: '' } }],
    ['blanks', { component: 'ak-stage-identification', uid_field: '   ' }],
  ]
  for (const [what, answer] of useless)
    test(`identification with ${what}`, async () => {
      const jar = new CookieJar()
      await jar.step(executor)
      const { body } = await jar.step(executor, answer)
      assert.equal(body.component, 'ak-stage-identification')
      assert.equal((await jar.step(executor)).body.component, 'ak-stage-identification')
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
      const jar = new CookieJar()
      await jar.step(executor)
      await jar.step(executor, identify('demo'))
      await jar.step(executor, answer)
      assert.equal((await jar.step(executor)).body.component, 'ak-stage-password')
      assert.equal(await me(jar), 403)
    })

  test('the same answer again after it was accepted', async () => {
    const jar = new CookieJar()
    await jar.step(executor)
    await jar.step(executor, identify('demo'))
    assert.equal((await jar.step(executor, identify('akadmin'))).body.component, 'ak-stage-password')
    assert.equal((await jar.step(executor)).body.pending_user, 'demo')
  })
})

/** A flow of its own for the stages with these ids; the slug. */
async function newFlow(slug: string, designation: string, stages: readonly string[]): Promise<string> {
  await core.api('POST', '/flows/instances/', { name: slug, slug, title: 'Opening %(app)s', designation })
  const { body: flow } = await core.api('GET', `/flows/instances/${slug}/`)
  for (const [order, stage] of stages.entries())
    await core.api('POST', '/flows/bindings/', { target: flow.pk, stage, order })
  return slug
}

suite('FL-09: no kind of stage, alone in a flow, signs anybody in', () => {
  /** What each kind needs to be made. */
  const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    identification: { user_fields: ['username'] },
    password: { backends: ['authentik.core.auth.InbuiltBackend'] },
    user_login: {},
    user_logout: {},
    dummy: {},
  }
  const answers = [
    {},
    [],
    null,
    { component: 'x' },
    answerPassword(SAMPLE_PASSWORD),
    identify('demo'),
    { remember_me: true },
  ]

  test('every kind is tried', () =>
    assert.deepEqual(
      Object.keys(STAGES).filter((kind) => !(kind in settings)),
      [],
    ))
  for (const [kind, fields] of Object.entries(settings))
    test(kind, async () => {
      const { body: stage } = await core.api('POST', `/stages/${kind}/`, { name: `alone-${kind}`, ...fields })
      const slug = await newFlow(`alone-${kind.replace('_', '-')}`, 'stage_configuration', [stage.pk])
      const jar = new CookieJar()
      for (const answer of [undefined, ...answers, ...answers]) {
        const { body } = await jar.step(executorUrl(core, slug), answer)
        assert.ok(body.component, kind)
        assert.equal(await me(jar), 403)
      }
    })

  test('a flow for signing in that has no stage looks like no success', async () => {
    const slug = await newFlow('without-stages', 'authentication', [])
    const { body } = await new CookieJar().step(executorUrl(core, slug))
    assert.equal(body.component, 'ak-stage-access-denied')
  })
})

suite('where a visitor says to come from', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })

  for (const address of ['a', '1.2.3.4, x', 'fe80::1%eth0', 'x'.repeat(10_000), ''])
    test(`FL-06: ${JSON.stringify(address).slice(0, 20)} leaves no stage out`, async () => {
      const jar = new CookieJar()
      await jar.step(executor, undefined, from(address))
      assert.equal((await jar.step(executor, identify('demo'), from(address))).body.component, 'ak-stage-password')
    })

  test('somebody who calls on and on is asked to wait, others are not', async () => {
    const statuses = new Set<number>()
    for (let batch = 0; batch < 60 && !statuses.has(429); batch++) {
      const answers = Array.from({ length: 25 }, () => fetch(executor, { headers: from('192.0.2.7') }))
      for (const { status } of await Promise.all(answers)) statuses.add(status)
    }
    assert.deepEqual([...statuses].toSorted(), [200, 429])
    assert.equal((await fetch(executor, { headers: from('198.51.100.7') })).status, 200)
  })
})

test('FL-06: a policy that cannot be evaluated ends the flow, the stage is not left out', async () => {
  const { body: policy } = await core.api('POST', '/policies/expression/', {
    name: 'broken',
    expression: 'context.nothing.here == 1',
  })
  const { body: bindings } = await core.api('GET', '/flows/bindings/?ordering=order')
  const password = bindings.results.find((each: any) => each.stage_obj.name === 'default-authentication-password')
  const { body: bound } = await core.api('POST', '/policies/bindings/', {
    policy: policy.pk,
    target: password.policybindingmodel_ptr_id,
    order: 0,
  })
  try {
    const jar = new CookieJar()
    await jar.step(executor)
    const { body } = await jar.step(executor, identify('demo'))
    assert.equal(body.component, 'ak-stage-access-denied')
    assert.equal(await me(jar), 403)
  } finally {
    await core.api('DELETE', `/policies/bindings/${bound.pk}/`)
  }
})
