import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CookieJar } from '#test/support/browser.ts'
import { ADMIN_PASSWORD, startCore, type TestCore } from '#test/support/core.ts'
import { signedIn, statusOfMe } from '#test/support/sign-in.ts'

let core: TestCore
before(async () => {
  core = await startCore()
})
after(() => core[Symbol.asyncDispose]())

const me = (jar: CookieJar) => statusOfMe(core, jar)

suite('pages', () => {
  const page = (jar: CookieJar, path: string, form?: Record<string, string>) =>
    jar.fetch(`${core.url}${path}`, form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) })
  const csrfOf = (html: string) => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? ''

  test('a link cannot sign anybody out, a form of ours can', async () => {
    const jar = await signedIn(core, 'demo')
    const asked = await page(jar, '/if/flow/default-invalidation-flow/')
    assert.equal(await me(jar), 200)
    await page(jar, '/if/flow/default-invalidation-flow/', { csrf: 'forged' })
    assert.equal(await me(jar), 200)
    await page(jar, '/if/flow/default-invalidation-flow/', { csrf: csrfOf(await asked.text()) })
    assert.equal(await me(jar), 403)
  })

  test('a form of somebody else is refused, whatever it knows', async () => {
    const jar = new CookieJar()
    const path = '/if/flow/default-authentication-flow/?next=/if/user/'
    const html = await (await page(jar, path)).text()
    const form = { csrf: csrfOf(html), component: 'ak-stage-identification', uid_field: 'demo' }
    const post = (headers: Record<string, string>) =>
      jar.fetch(core.url + path, { method: 'POST', body: new URLSearchParams(form), headers })
    for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal((await post(headers)).status, 403)
    assert.equal((await post({ origin: core.url })).status, 303)
    const next = await (await page(jar, path)).text()
    assert.match(next, /href="\/flows\/-\/cancel\/\?next=\/if\/user\/"/)
  })

  test('errors are pages for browsers and JSON for others, both with the id of the request', async () => {
    const asked = (accept: string) => fetch(`${core.url}/if/flow/nothing-here/`, { headers: { accept } })
    const shown = await asked('text/html,*/*;q=0.8')
    assert.equal(shown.status, 404)
    assert.match(await shown.text(), new RegExp(`<code>${shown.headers.get('x-authentik-id')}</code>`))
    assert.deepEqual(await (await asked('*/*')).json(), { detail: 'Not found.' })
  })

  test('whoever signed out of an application may sign out here too', async () => {
    const jar = await signedIn(core, 'demo')
    const html = await (await page(jar, '/if/session-end/sample/')).text()
    assert.match(html, /signed out of Sample/)
    const answer = await page(jar, '/flows/-/default/invalidation/', { csrf: csrfOf(html) })
    assert.equal(answer.status, 307)
    await page(jar, answer.headers.get('location')!, { csrf: csrfOf(html) })
    assert.equal(await me(jar), 403)
    assert.equal((await page(jar, '/if/session-end/nothing-here/')).status, 404)
  })

  test('the library shows what may be opened, and nothing else', async () => {
    const library = async (username: string) => {
      const jar = await signedIn(core, username)
      return (await page(jar, '/if/user/')).text()
    }
    assert.match(await library('demo'), /http:\/\/sample\.localhost:9080/)
    assert.doesNotMatch(await library('guest'), /sample\.localhost/)
    const asked = await page(new CookieJar(), '/if/user/')
    assert.equal(asked.headers.get('location'), '/flows/-/default/authentication/?next=%2Fif%2Fuser%2F')
  })

  test('FL-20: pages have forms that post, and no script', async () => {
    const html = await (await page(new CookieJar(), '/if/flow/default-authentication-flow/')).text()
    assert.match(html, /<form method="post"/)
    assert.doesNotMatch(html, /<script/)
  })

  const everyPage: ReadonlyArray<[what: string, path: string, status: number, username?: string]> = [
    ['a challenge', '/if/flow/default-authentication-flow/', 200],
    ['the library', '/if/user/', 200, 'demo'],
    ['the question whether to sign out', '/if/flow/default-invalidation-flow/', 200, 'demo'],
    ['the end of a session', '/if/session-end/sample/', 200],
    ['an error', '/if/flow/nothing-here/', 404],
    ['a refusal of the provider', '/application/o/authorize/', 400],
  ]
  for (const [what, path, status, username] of everyPage)
    test(`FL-20: ${what} runs no script, shows itself in no frame, and is kept by nobody`, async () => {
      const jar = username === undefined ? new CookieJar() : await signedIn(core, username)
      const shown = await jar.fetch(core.url + path, { headers: { accept: 'text/html' } })
      assert.equal(shown.status, status)
      const policy = shown.headers.get('content-security-policy') ?? ''
      const directives = new Map(policy.split('; ').map((directive) => directive.split(/ (.*)/) as [string, string]))
      assert.doesNotMatch(policy, /unsafe-|\*|nonce-|sha256-|script-src/)
      assert.deepEqual(
        ['default-src', 'style-src', 'img-src', 'base-uri', 'frame-ancestors'].map((name) => directives.get(name)),
        ["'none'", "'self'", "'self' data:", "'none'", "'none'"],
      )
      // Where a form may go, and redirects after it, must be said: default-src is not about forms.
      assert.equal(directives.get('form-action'), "'self' http: https:")
      assert.equal(shown.headers.get('x-frame-options'), 'DENY')
      assert.equal(shown.headers.get('x-content-type-options'), 'nosniff')
      assert.equal(shown.headers.get('cache-control'), 'no-store')
      assert.doesNotMatch(await shown.text(), /<script|\son\w+=|javascript:|<iframe|\sstyle=/i)
    })

  test('FL-20: password managers find the name and the password, on two pages as on one', async () => {
    const input = (html: string, name: string) => new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(html)?.[0] ?? ''
    const attributes = (html: string, name: string) =>
      Object.fromEntries([...input(html, name).matchAll(/ (\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]))
    const path = '/if/flow/default-authentication-flow/'
    const jar = new CookieJar()
    const first = await (await page(jar, path)).text()
    const { type, autocomplete, autocapitalize, spellcheck } = attributes(first, 'uid_field')
    assert.deepEqual([type, autocomplete, autocapitalize, spellcheck], ['text', 'username', 'none', 'false'])
    assert.equal(input(first, 'password'), '')

    const named = { csrf: csrfOf(first), component: 'ak-stage-identification', uid_field: 'demo' }
    assert.equal((await page(jar, path, named)).status, 303)
    const second = await (await page(jar, path)).text()
    assert.deepEqual(attributes(second, 'password'), {
      type: 'password',
      name: 'password',
      autocomplete: 'current-password',
    })
    const known = attributes(second, 'username')
    assert.deepEqual([known['autocomplete'], known['value']], ['username', 'demo'])
    assert.match(input(second, 'username'), / readonly hidden/)

    const { body: passwords } = await core.api('GET', '/stages/password/?name=default-authentication-password')
    const { body: stages } = await core.api('GET', '/stages/identification/?name=default-authentication-identification')
    const together = { password_stage: passwords.results[0].pk }
    await core.api('PATCH', `/stages/identification/${stages.results[0].pk}/`, together)
    const both = await (await page(new CookieJar(), path)).text()
    await core.api('PATCH', `/stages/identification/${stages.results[0].pk}/`, { password_stage: null })
    assert.equal(attributes(both, 'uid_field')['autocomplete'], 'username')
    assert.equal(attributes(both, 'password')['autocomplete'], 'current-password')
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
    const jar = await signedIn(core, 'akadmin', ADMIN_PASSWORD)
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
