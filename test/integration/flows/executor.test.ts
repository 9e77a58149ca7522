import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { ANONYMOUS_CALLS } from '#core/flows/call-limiter.ts'
import { CookieJar } from '#test/support/browser.ts'
import { startCore, type TestCore } from '#test/support/core.ts'
import { answerPassword, executorUrl, identify, signedIn, signIn, statusOfMe } from '#test/support/sign-in.ts'

let core: TestCore
let executor: string
before(async () => {
  core = await startCore()
  executor = executorUrl(core)
})
after(() => core[Symbol.asyncDispose]())

const HOSTILE = join(import.meta.dirname, '..', '..', 'vectors', 'http', 'hostile-redirects.txt')

const me = (jar: CookieJar) => statusOfMe(core, jar)

/** A browser with nothing but this session cookie. */
function withSession(key: string): CookieJar {
  const jar = new CookieJar()
  jar.set('authentik_session', key)
  return jar
}

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
    assert.equal(await me(withSession(before)), 403)
  })

  for (const username of ['demo', 'guest'])
    test(`FL-15: after signing in again, as ${username}, the old session is dead for every request`, async () => {
      const jar = await signedIn(core, 'demo')
      const old = jar.get('authentik_session')!
      assert.equal(await me(withSession(old)), 200)
      assert.equal((await signIn(core, jar, { username })).component, 'xak-flow-redirect')
      const own = jar.get('authentik_session')!
      assert.notEqual(own, old)
      for (const path of ['/api/v3/core/users/me/', '/api/v3/core/applications/'])
        assert.equal((await withSession(old).fetch(core.url + path)).status, 403, path)
      const anonymous = await withSession(old).fetch(`${core.url}/if/user/`)
      assert.match(anonymous.headers.get('location') ?? '', /default\/authentication/)
      assert.equal(await me(withSession(own)), 200)
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
    const url = executorUrl(core, undefined, { next: '/if/user/' })
    assert.equal((await signIn(core, new CookieJar(), { url })).to, '/if/user/')
  })

  test('FL-18: no hostile target is gone to, by the JSON or the page of a flow', async () => {
    const jar = await signedIn(core, 'demo')
    const slug = 'default-provider-authorization-implicit-consent'
    const end = async (next: string) => {
      const { body } = await jar.step(executorUrl(core, slug, { next }))
      const page = await jar.fetch(`${core.url}/if/flow/${slug}/?${new URLSearchParams({ next })}`)
      return [body.to, page.headers.get('location')]
    }
    assert.deepEqual(await end('/if/user/'), ['/if/user/', '/if/user/'])
    // Each line is tried beside the source; here one of each kind is.
    const lines = readFileSync(HOSTILE, 'utf8').trim().split('\n')
    for (const line of lines.filter((_, index) => index % 20 === 0))
      assert.deepEqual(await end(JSON.parse(line)), ['/', '/'], line)
  })
})

suite('FL-05: who exists cannot be told from the outside', () => {
  const PASSWORD = 'Right-Password-1!'
  /** All names are of one length, as they are echoed. */
  const people: ReadonlyArray<[username: string, fields: object | undefined]> = [
    ['fl05-here', {}],
    ['fl05-gone', undefined],
    ['fl05-idle', { is_active: false }],
    ['fl05-bare', {}],
  ]
  before(async () => {
    for (const [username, fields] of people) {
      if (fields === undefined) continue
      const { body } = await core.api('POST', '/core/users/', { username, name: 'x', ...fields })
      if (username !== 'fl05-bare')
        await core.api('POST', `/core/users/${body.pk}/set_password/`, { password: PASSWORD })
    }
  })

  const VARYING = /^(?:date|x-authentik-id)$/
  const masked = async (answer: Response, username: string) => ({
    status: answer.status,
    headers: [...answer.headers]
      .filter(([name]) => !VARYING.test(name))
      .map(([name, value]) => [name, value.replace(/(?<=authentik_session=)[\w-]+/, 'KEY')]),
    body: (await answer.text())
      .replaceAll(username, 'NAME')
      .replaceAll(/(?<=svg\+xml;base64,)[\w+/=]+/g, 'IMAGE')
      .replaceAll(/(?<=name="csrf" value=")[\w-]+/g, 'CSRF'),
  })
  const hashes = async () => {
    const text = await (await fetch(`http://127.0.0.1:${core.core.ports.metrics}/metrics`)).text()
    return Number(/^martello_password_hashes_total (\d+)$/m.exec(text)?.[1])
  }
  const json = (answer?: unknown): RequestInit =>
    answer === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(answer), headers: { 'content-type': 'application/json' } }

  /** Every answer that a visitor who is wrong about the password sees, and how many hashes that cost. */
  const asJson = async (username: string) => {
    const jar = new CookieJar()
    const requests = [undefined, identify(username), undefined, answerPassword('wrong'), undefined]
    const seen = []
    for (const answer of requests) seen.push(await masked(await jar.fetch(executor, json(answer)), username))
    return seen
  }
  const asPages = async (username: string) => {
    const jar = new CookieJar()
    const url = `${core.url}/if/flow/default-authentication-flow/`
    const seen = []
    for (const fields of [undefined, { uid_field: username }, undefined, { password: 'wrong' }, undefined]) {
      const shown = await (await jar.fetch(url)).text()
      const csrf = /name="csrf" value="([^"]+)"/.exec(shown)?.[1] ?? ''
      const post = fields && { method: 'POST', body: new URLSearchParams({ csrf, ...fields }) }
      seen.push(await masked(await jar.fetch(url, post ?? {}), username))
    }
    return seen
  }

  for (const [how, visit] of Object.entries({ asJson, asPages }))
    test(`${how}: the same status, headers and body, for the same work`, async () => {
      const all = []
      for (const [username] of people) {
        const before = await hashes()
        all.push({ seen: await visit(username), hashes: (await hashes()) - before })
      }
      const [first] = all
      assert.equal(first!.hashes, 1)
      assert.match(JSON.stringify(first), /Invalid password/)
      for (const [index, each] of all.entries()) assert.deepEqual(each, first, people[index]![0])
    })
})

test('somebody who calls on and on is asked to wait, others are not', async () => {
  const standing = Date.now()
  await using stopped = await startCore({ sample: false, clock: { now: () => standing } })
  // One that refuses strangers: a thousand sessions need not be made.
  const url = executorUrl(stopped, 'default-provider-authorization-implicit-consent')
  const call = async (address: string) => {
    const answer = await fetch(url, { headers: { 'x-forwarded-for': address } })
    await answer.body?.cancel()
    return answer.status
  }
  const statuses = new Map<number, number>()
  for (let batch = 0; batch < 41; batch++)
    for (const status of await Promise.all(Array.from({ length: 25 }, () => call('192.0.2.7'))))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
  assert.deepEqual(Object.fromEntries(statuses), { 200: ANONYMOUS_CALLS.burst, 429: 41 * 25 - ANONYMOUS_CALLS.burst })
  assert.equal(await call('192.0.2.8'), 429, 'the network is one customer')
  assert.equal(await call('198.51.100.7'), 200)
})
