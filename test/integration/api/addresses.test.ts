import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { eq } from 'drizzle-orm'
import { applications } from '#core/store/tables/applications.ts'
import { type ApiBench, startApi } from '#test/support/api-bench.ts'

let api: ApiBench
let flow: string
before(async () => {
  api = await startApi()
  flow = (await post('flows/instances/', { name: 'f', slug: 'f', title: 'f', designation: 'authorization' })).pk
  await post('core/applications/', { name: 'app', slug: 'app' })
})
after(() => api[Symbol.asyncDispose]())

async function post(path: string, json: object): Promise<any> {
  const { status, body } = await api.ask('POST', path, { json })
  assert.equal(status, 201, JSON.stringify(body))
  return body
}

const HARMFUL = [
  'javascript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  ' java\nscript:alert(1)',
  'file:///etc/passwd',
]

for (const address of HARMFUL)
  test(`API-17: ${JSON.stringify(address)} is saved nowhere`, async () => {
    const attempts: ReadonlyArray<[method: string, path: string, field: string]> = [
      ['PATCH', 'core/applications/app/', 'meta_launch_url'],
      ['POST', 'core/applications/app/set_icon_url/', 'url'],
      ['POST', 'flows/instances/f/set_background_url/', 'url'],
    ]
    for (const [method, path, field] of attempts) {
      const { status, body } = await api.ask(method, path, { json: { [field]: address } })
      assert.deepEqual([status, body], [400, { [field]: ['Enter a valid URL.'] }], path)
    }
  })

for (const address of ['', 'https://icons.test/a.png', '/static/dist/icon.png', 'icon.svg', 'fa://fa-user'])
  test(`a picture is at ${address || 'no address'}`, async () => {
    const { status } = await api.ask('POST', 'core/applications/app/set_icon_url/', { json: { url: address } })
    assert.equal(status, 200)
    const { body } = await api.ask('GET', 'core/applications/app/')
    assert.equal(body.meta_icon, address || null)
  })

for (const path of ['core/applications/app/set_icon/', 'flows/instances/f/set_background/'])
  test(`API-16: ${path} stores no file, and forgets a picture`, async () => {
    const send = async (...parts: [string, string | Blob][]) => {
      const form = new FormData()
      for (const [name, value] of parts) form.append(name, value)
      const sent = new Request('http://self.invalid', { method: 'POST', body: form })
      const headers = { 'content-type': sent.headers.get('content-type')! }
      return api.ask('POST', path, { body: new Uint8Array(await sent.arrayBuffer()), headers })
    }
    await api.ask('POST', path.replace(/\/$/, '_url/'), { json: { url: 'https://icons.test/a.svg' } })
    const refused = await send(['file', new Blob(['<svg onload="alert(1)"/>'])])
    assert.deepEqual([refused.status, Object.keys(refused.body)], [400, ['file']])
    assert.equal((await send(['clear', 'true'])).status, 200)
    assert.equal((await send(['unrelated', 'x'])).status, 400)
    assert.equal((await api.ask('GET', 'core/applications/app/')).body.meta_icon, null)
  })

const launches: ReadonlyArray<[what: string, provider: () => Promise<object>, url: string | null]> = [
  ['no web address', oauth2('com.example.app:/callback'), null],
  ['a script', oauth2('javascript:alert(1)'), null],
  ['a web address', oauth2('https://app.test/callback'), 'https://app.test/'],
]
function oauth2(redirect_uris: string): () => Promise<object> {
  return () => post('providers/oauth2/', { name: `of ${redirect_uris}`, authorization_flow: flow, redirect_uris })
}
for (const [index, [what, provider, url]] of launches.entries())
  test(`API-17: an application whose redirect URI is ${what} is launched by ${url}`, async () => {
    const { pk } = (await provider()) as { pk: number }
    const { launch_url } = await post('core/applications/', { name: 'x', slug: `x${index}`, provider: pk })
    assert.equal(launch_url, url)
  })

test('API-17: what was stored by other ways is not linked either', async () => {
  const set = { metaLaunchUrl: 'javascript:alert(1)' }
  await api.ctx.db.update(applications).set(set).where(eq(applications.slug, 'app'))
  assert.equal((await api.ask('GET', 'core/applications/app/')).body.launch_url, null)
})

test('API-18: a launch URL tells of the caller what is known of everybody, and nothing else', async () => {
  const meta_launch_url = 'https://app.test/%(username)s/%(password)s/%(__class__)s/%(attributes)s'
  const { body } = await api.ask('PATCH', 'core/applications/app/', { json: { meta_launch_url } })
  assert.equal(body.launch_url, 'https://app.test/akadmin/%(password)s/%(__class__)s/%(attributes)s')
  assert.equal(body.meta_launch_url, meta_launch_url)
})
