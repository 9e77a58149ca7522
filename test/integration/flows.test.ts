import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CookieJar } from '#test/support/browser.ts'
import { SAMPLE_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'

let core: TestCore
let executor: string
before(async () => {
  core = await startCore()
  executor = `${core.url}/api/v3/flows/executor/default-authentication-flow/?query=`
})
after(() => core[Symbol.asyncDispose]())

const identify = (uid_field: string) => ({ component: 'ak-stage-identification', uid_field })
const answerPassword = (password: string) => ({ component: 'ak-stage-password', password })

async function signIn(jar: CookieJar, username: string, password: string, url = executor) {
  await jar.step(url)
  await jar.step(url, identify(username))
  return (await jar.step(url, answerPassword(password))).body
}

const me = async (jar: CookieJar) => (await jar.fetch(`${core.url}/api/v3/core/users/me/`)).status

suite('signing in', () => {
  test('the right password leads to a redirect and a session that is somebody', async () => {
    const jar = new CookieJar()
    assert.deepEqual(await signIn(jar, 'demo', SAMPLE_PASSWORD), {
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
    await signIn(jar, 'demo', SAMPLE_PASSWORD)
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
    const { body: user } = await core.api('POST', '/core/users/', { username: 'leaver', name: 'x' })
    await core.api('POST', `/core/users/${user.pk}/set_password/`, { password: 'Right-Password-1!' })
    assert.equal((await signIn(new CookieJar(), 'leaver', 'Right-Password-1!')).component, 'xak-flow-redirect')
    await core.api('PATCH', `/core/users/${user.pk}/`, { is_active: false })
    const body = await signIn(new CookieJar(), 'leaver', 'Right-Password-1!')
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
    for (let i = 0; i < 10; i++) await signIn(new CookieJar(), 'target', `guess ${i}`)
    assert.equal((await signIn(new CookieJar(), 'target', 'Right-Password-1!')).component, 'ak-stage-password')
  })

  test('FL-18: where to go afterwards is a place of ours', async () => {
    for (const [next, to] of [
      ['/if/user/', '/if/user/'],
      ['https://evil.example/', '/'],
      ['//evil.example', '/'],
      ['/\\evil.example', '/'],
    ] as const) {
      const url = `${executor}${encodeURIComponent(new URLSearchParams({ next }).toString())}`
      assert.equal((await signIn(new CookieJar(), 'demo', SAMPLE_PASSWORD, url)).to, to)
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

suite('pages', () => {
  const page = (jar: CookieJar, path: string, form?: Record<string, string>) =>
    jar.fetch(`${core.url}${path}`, form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) })
  const csrfOf = (html: string) => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''

  test('a link cannot sign anybody out, a form of ours can', async () => {
    const jar = new CookieJar()
    await signIn(jar, 'demo', SAMPLE_PASSWORD)
    const asked = await page(jar, '/if/flow/default-invalidation-flow/')
    assert.equal(await me(jar), 200)
    await page(jar, '/if/flow/default-invalidation-flow/', { csrf: 'forged' })
    assert.equal(await me(jar), 200)
    await page(jar, '/if/flow/default-invalidation-flow/', { csrf: csrfOf(await asked.text()) })
    assert.equal(await me(jar), 403)
  })

  test('FL-20: pages have forms that post, and no script', async () => {
    const html = await (await page(new CookieJar(), '/if/flow/default-authentication-flow/')).text()
    assert.match(html, /<form method="post"/)
    assert.doesNotMatch(html, /<script/)
    assert.match(html, /autocomplete="username"/)
  })

  test('FL-08: what was typed is shown as text', async () => {
    const jar = new CookieJar()
    const path = '/if/flow/default-authentication-flow/'
    const csrf = csrfOf(await (await page(jar, path)).text())
    await page(jar, path, { csrf, component: 'ak-stage-identification', uid_field: '"><script>alert(1)</script>' })
    const html = await (await page(jar, path)).text()
    assert.doesNotMatch(html, /<script/)
    assert.match(html, /&quot;&gt;&lt;script&gt;/)
  })

  test('an unsafe call of a session needs its token', async () => {
    const jar = new CookieJar()
    await signIn(jar, 'akadmin', 'Administrator-Of-Tests-1!')
    const create = (headers: Record<string, string>) =>
      jar.fetch(`${core.url}/api/v3/core/groups/`, {
        method: 'POST',
        body: JSON.stringify({ name: `g${Math.random()}` }),
        headers: { 'content-type': 'application/json', ...headers },
      })
    assert.equal((await create({})).status, 403)
    assert.equal((await create({ 'x-authentik-csrf': 'forged' })).status, 403)
    assert.equal((await create({ 'x-authentik-csrf': jar.get('authentik_csrf')! })).status, 201)
  })
})
